"""A stand-in: it cuts the middle out."""


class RGBDAugmentor:
    def __init__(self, crop_size):
        self.high, self.wide = crop_size

    def __call__(self, images, poses, depths, intrinsics):
        y, x = (images.shape[2] - self.high) // 2, (images.shape[3] - self.wide) // 2
        return images[:, :, y : y + self.high, x : x + self.wide], poses, depths[:, y : y + self.high, x : x + self.wide], intrinsics
