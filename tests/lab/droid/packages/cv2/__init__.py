"""A stand-in for OpenCV: images are their sizes, read from the header of a PNG."""
import struct


class Image:
    def __init__(self, height, width):
        self.shape = (height, width, 3)

    def __getitem__(self, part):
        return Image(part[0].stop, part[1].stop)


def imread(path):
    with open(path, "rb") as file:
        head = file.read(24)
    if head[:4] != b"\x89PNG":
        return None
    width, height = struct.unpack(">II", head[16:24])
    return Image(height, width)


def undistort(image, camera, coefficients):
    return image


def resize(image, size):
    return Image(size[1], size[0])
