"""Sequences to learn from, in Muster's layout (images/, depth/, poses.txt, intrinsics.txt, sequence.json) or in TartanAir's, and the clips that can be cut from them."""
import glob
import hashlib
import json
import os

import numpy
import torch

TARTAN_SCALE = 5.0
EVERY, FIRST = 16, 8         # the flow is reckoned on every sixteenth pixel
FAR, SEEN = 256.0, 0.7       # frames are neighbours below so many pixels of flow, where so much of one is in front of the other


class Sequence:
    def __init__(self, path, images, depths, poses, intrinsics, scale):
        self.path, self.images, self.depths = path, images, depths
        self.intrinsics = numpy.asarray(intrinsics, dtype=numpy.float32)
        self.scale = scale or median_depth(depths) / 2
        self.poses = numpy.array(poses, dtype=numpy.float32, ndmin=2)
        self.poses[:, :3] /= self.scale
        if not len(images) == len(depths) == len(self.poses):
            raise SystemExit("muster: %s has %d images, %d depth maps and %d poses" % (path, len(images), len(depths), len(self.poses)))

    def disparity(self, index, every=1, first=0):
        """Inverse depth, and 0 where none is known: the loss leaves those out."""
        depth = numpy.array(numpy.load(self.depths[index], mmap_mode="r")[first::every, first::every], dtype=numpy.float32)
        known = numpy.isfinite(depth) & (depth > 0)
        return numpy.divide(self.scale, depth, out=numpy.zeros_like(depth), where=known)


def median_depth(depths):
    some = [numpy.load(path, mmap_mode="r")[FIRST::EVERY, FIRST::EVERY].ravel() for path in depths[:: max(1, len(depths) // 50)]]
    some = numpy.concatenate(some) if some else numpy.zeros(0)
    some = some[numpy.isfinite(some) & (some > 0)]
    if not some.size:
        raise SystemExit("muster: no depth is known")
    return float(numpy.median(some))


def files(folder, ending):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.lower().endswith(ending))


def custom(root, scale):
    """Those whose split is train, in the root or one below."""
    folders = [root] if os.path.exists(os.path.join(root, "poses.txt")) else sorted(glob.glob(os.path.join(root, "*", "")))
    for folder in (folder for folder in folders if os.path.exists(os.path.join(folder, "poses.txt"))):
        with open(os.path.join(folder, "sequence.json")) as file:
            if json.load(file).get("split", "train") != "train":
                continue
        yield Sequence(folder, files(os.path.join(folder, "images"), ".png"), files(os.path.join(folder, "depth"), ".npy"),
                       numpy.loadtxt(os.path.join(folder, "poses.txt")), numpy.loadtxt(os.path.join(folder, "intrinsics.txt")), scale)


def tartanair(root):
    """ENV/ENV/LEVEL/SEQUENCE below the root; what the program keeps back for validation is left out."""
    kept_back = []
    if os.path.exists("droid_slam/data_readers/tartan_test.txt"):
        with open("droid_slam/data_readers/tartan_test.txt") as file:
            kept_back = [name for name in file.read().split() if name]
    for folder in sorted(glob.glob(os.path.join(root, "*", "*", "*", "*", ""))):
        if not os.path.exists(os.path.join(folder, "pose_left.txt")) or any(name in folder for name in kept_back):
            continue
        # From x forward, y right, z down to x right, y down, z forward.
        poses = numpy.array(numpy.loadtxt(os.path.join(folder, "pose_left.txt")), ndmin=2)[:, [1, 2, 0, 4, 5, 3, 6]]
        yield Sequence(folder, files(os.path.join(folder, "image_left"), ".png"), files(os.path.join(folder, "depth_left"), ".npy"), poses, [320.0, 320.0, 320.0, 240.0], TARTAN_SCALE)


def rotate(quaternion, vector):
    axis, w = quaternion[..., :3], quaternion[..., 3:]
    axis, vector = torch.broadcast_tensors(axis, vector)
    turn = 2 * torch.cross(axis, vector, dim=-1)
    return vector + w * turn + torch.cross(axis, turn, dim=-1)


def flow_to(poses, disparities, intrinsics, i, others):
    """How far the picture of frame i moves when it is seen from others, in pixels of the thinned grid, and where it is not seen from there, infinity."""
    fx, fy, cx, cy = intrinsics / EVERY
    high, wide = disparities.shape[1:]
    y, x = torch.meshgrid(torch.arange(high, device=poses.device, dtype=poses.dtype), torch.arange(wide, device=poses.device, dtype=poses.dtype), indexing="ij")
    d = disparities[i].reshape(-1)
    known = d > 0
    x, y, d = x.reshape(-1)[known], y.reshape(-1)[known], d[known]
    rays = torch.stack([(x - cx) / fx, (y - cy) / fy, torch.ones_like(x)], -1)
    back = torch.cat([-poses[others, 3:6], poses[others, 6:]], -1)
    points = rotate(poses[i, 3:], rays) + d[:, None] * poses[i, :3]
    points = rotate(back[:, None], points[None] - d[None, :, None] * poses[others, None, :3])
    depth = points[..., 2]
    seen = depth > 0.1 * d
    depth = torch.where(seen, depth, torch.ones_like(depth))
    length = torch.hypot(fx * points[..., 0] / depth + cx - x, fy * points[..., 1] / depth + cy - y).clamp(max=100)
    count = seen.sum(-1)
    mean = (length * seen).sum(-1) / count.clamp(min=1)
    return torch.where((count > 0) & (count >= SEEN * len(d)), mean, torch.full_like(mean, float("inf")))


class Graph:
    """For each frame its neighbours, itself among them, and the flow to each, kept under what it was reckoned from."""

    def __init__(self, sequence, folder, device):
        disparities = numpy.stack([sequence.disparity(at, EVERY, FIRST) for at in range(len(sequence.images))])
        key = hashlib.sha256(b"1")
        for part in (disparities, sequence.poses, sequence.intrinsics):
            key.update(numpy.ascontiguousarray(part).tobytes())
        self.path = os.path.join(folder, key.hexdigest()[:32] + ".npz")
        if not os.path.exists(self.path):
            self.reckon(torch.as_tensor(disparities, device=device), torch.as_tensor(sequence.poses, device=device), torch.as_tensor(sequence.intrinsics, device=device))
        with numpy.load(self.path) as kept:
            self.neighbours, self.flows, self.ends = kept["neighbours"], kept["flows"], kept["ends"]

    def reckon(self, disparities, poses, intrinsics):
        count = len(poses)
        one_way = torch.empty(count, count, device=poses.device)
        for i in range(count):
            for some in torch.arange(count, device=poses.device).split(256):
                one_way[i, some] = flow_to(poses, disparities, intrinsics, i, some)
        flow = EVERY * (one_way + one_way.T) / 2
        flow.fill_diagonal_(0)
        near = flow < FAR
        draft = "%s.%d.part.npz" % (self.path, os.getpid())
        numpy.savez(draft, neighbours=near.nonzero()[:, 1].cpu().numpy(), flows=flow[near].cpu().numpy(), ends=near.sum(1).cumsum(0).cpu().numpy())
        os.replace(draft, self.path)

    def of(self, frame):
        part = slice(self.ends[frame - 1] if frame else 0, self.ends[frame])
        return self.neighbours[part], self.flows[part]


class Clips(torch.utils.data.Dataset):
    """Short clips, each a walk from frame to frame over flows that are neither too small nor too large."""

    def __init__(self, sequences, graphs, frames, least, most):
        self.sequences, self.graphs, self.frames, self.least, self.most = sequences, graphs, frames, least, most
        self.starts = [(at, frame) for at, graph in enumerate(graphs) for frame in range(len(graph.ends)) if len(graph.of(frame)[0]) > frames]

    def __len__(self):
        return len(self.starts)

    def walk(self, graph, frame):
        clip = [frame]
        while len(clip) < self.frames:
            neighbours, flows = graph.of(frame)
            next = neighbours[(flows > self.least) & (flows < self.most)]
            ahead = next[next > frame]
            if len(next):
                frame = int(numpy.random.choice(ahead if len(ahead) else next))
            clip.append(frame)
        return clip

    def __getitem__(self, index):
        import cv2
        from data_readers.augmentation import RGBDAugmentor

        at, start = self.starts[index]
        sequence = self.sequences[at]
        clip = self.walk(self.graphs[at], start)
        images = torch.as_tensor(numpy.stack([cv2.imread(sequence.images[frame]) for frame in clip])).float().permute(0, 3, 1, 2)
        disparities = torch.as_tensor(numpy.stack([sequence.disparity(frame) for frame in clip]))
        poses = torch.as_tensor(sequence.poses[clip])
        intrinsics = torch.as_tensor(numpy.stack([sequence.intrinsics] * len(clip)))
        images, poses, disparities, intrinsics = RGBDAugmentor(crop_size=[384, 512])(images, poses, disparities, intrinsics)
        near = disparities[disparities > 0.01]
        if len(near):
            # A scene as large as every other: the network knows no metres.
            size = near.mean()
            disparities = disparities / size
            poses = torch.cat([poses[:, :3] * size, poses[:, 3:]], -1)
        return images, poses, disparities, intrinsics
