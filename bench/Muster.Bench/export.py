"""The peer of `muster scene export`: the same algorithm, vectorised in numpy. export.py FOLDER OUT.ply"""
import sys
import numpy as np

folder, out = sys.argv[1:]
disps = np.load(f"{folder}/disps.npy", mmap_mode="r")[:, ::2, ::2].astype(np.float64)
images = np.load(f"{folder}/images.npy", mmap_mode="r")[:, ::-1, ::2, ::2]
poses = np.load(f"{folder}/poses.npy").astype(np.float64)
fx, fy, cx, cy = np.load(f"{folder}/intrinsics.npy")[0].astype(np.float64) * 4
n, h, w = disps.shape
threshold, count, ratio = 0.005, 3, 0.25


def matrices(q):
    x, y, z, s = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * s), 2 * (x * z + y * s),
                     2 * (x * y + z * s), 1 - 2 * (x * x + z * z), 2 * (y * z - x * s),
                     2 * (x * z - y * s), 2 * (y * z + x * s), 1 - 2 * (x * x + y * y)], axis=1).reshape(-1, 3, 3)


rotations, positions = matrices(poses[:, 3:]), poses[:, :3]
u, v = np.meshgrid(np.arange(w), np.arange(h))
rays = np.stack([(u - cx) / fx, (v - cy) / fy, np.ones_like(u, dtype=np.float64)]).reshape(3, -1)
depths = 1 / disps.reshape(n, -1)
least = ratio * disps.mean()
points, colours = [], []
for i in range(n):
    votes = np.zeros(h * w, dtype=np.uint8)
    d = disps[i].reshape(-1)
    for j in (i - 1, i - 2, i - 3, i + 3, i + 4, i + 5):
        if not 0 <= j < n:
            continue
        r = rotations[j] @ rotations[i].T
        t = positions[j] - r @ positions[i]
        px, py, pz = r @ rays + t[:, None] * d
        column, row = np.floor(fx * px / pz + cx), np.floor(fy * py / pz + cy)
        seen = np.flatnonzero((column >= 0) & (row >= 0) & (column < w - 1) & (row < h - 1) & (pz > 0))
        at = row[seen].astype(np.int64) * w + column[seen].astype(np.int64)
        depth, other = pz[seen] / d[seen], depths[j]
        near = (np.abs(depth - other[at]) < threshold) | (np.abs(depth - other[at + 1]) < threshold) | (np.abs(depth - other[at + w]) < threshold) | (np.abs(depth - other[at + w + 1]) < threshold)
        votes[seen[near]] += 1
    kept = np.flatnonzero((votes >= count) & (d > least))
    points.append((rotations[i].T @ (rays[:, kept] * depths[i][kept] - positions[i][:, None])).T)
    colours.append(np.ascontiguousarray(images[i]).reshape(3, -1)[:, kept].T)
points, colours = np.concatenate(points), np.concatenate(colours)
cloud = np.empty(len(points), dtype=[("p", "<f4", 3), ("c", "u1", 3)])
cloud["p"], cloud["c"] = points, colours
with open(out, "wb") as file:
    file.write((f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
                "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n").encode())
    cloud.tofile(file)
print(len(points))
