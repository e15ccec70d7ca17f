"""Runs DROID-SLAM without a display and saves what it found. Started in the program's folder, as it finds its modules by a relative path."""
import argparse
import json
import multiprocessing
import os
import sys
import time

STATE = os.environ.get("DROID_STATE", "/out/state")
PARTIAL = 9


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imagedir", required=True)
    parser.add_argument("--calib", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--reconstruction_path", required=True)
    parser.add_argument("--t0", type=int, default=0)
    parser.add_argument("--stride", type=int, default=3)
    parser.add_argument("--buffer", type=int, default=512)
    parser.add_argument("--beta", type=float, default=0.3)
    parser.add_argument("--filter_thresh", type=float, default=2.4)
    parser.add_argument("--warmup", type=int, default=8)
    parser.add_argument("--keyframe_thresh", type=float, default=4.0)
    parser.add_argument("--frontend_thresh", type=float, default=16.0)
    parser.add_argument("--frontend_window", type=int, default=25)
    parser.add_argument("--frontend_radius", type=int, default=2)
    parser.add_argument("--frontend_nms", type=int, default=1)
    parser.add_argument("--backend_thresh", type=float, default=22.0)
    parser.add_argument("--backend_radius", type=int, default=2)
    parser.add_argument("--backend_nms", type=int, default=3)
    parser.add_argument("--frontend_device", default="cuda")
    parser.add_argument("--backend_device", default="cuda")
    parser.add_argument("--asynchronous", action="store_true")
    parser.add_argument("--disable_vis", action="store_true")
    args = parser.parse_args()
    args.disable_vis = True   # there is no display
    args.upsample = True      # the reconstruction needs inverse depths of full resolution
    args.stereo = False
    args.save_headless = False   # the fork's own export, which needs Open3D; the files here are saved by this driver
    return args


def names(folder, stride):
    """The images in the order of their numbers where all names are numbers, else of their characters."""
    found = [name for name in os.listdir(folder) if name.lower().endswith(".png")]
    try:
        found.sort(key=lambda name: (float(os.path.splitext(name)[0]), name))
    except ValueError:
        found.sort()
    return found[::stride]


def working_size(height, width):
    """About 384 x 512 pixels, and the part of it that is a multiple of 8."""
    factor = ((384 * 512) / (height * width)) ** 0.5
    high, wide = int(height * factor), int(width * factor)
    return high, wide, high - high % 8, wide - wide % 8


def frames(folder, files, calibration, first):
    """The images from number `first` on: there is no pose for those before it."""
    import cv2
    import numpy
    import torch

    fx, fy, cx, cy = calibration[:4]
    camera = numpy.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=float)
    for index, name in enumerate(files[first:], first):
        image = cv2.imread(os.path.join(folder, name))
        if image is None:
            raise AttributeError("'NoneType' object has no attribute 'shape': %s" % name)
        if len(calibration) > 4:
            image = cv2.undistort(image, camera, numpy.array(calibration[4:], dtype=float))
        height, width = image.shape[:2]
        high, wide, keep_high, keep_wide = working_size(height, width)
        image = numpy.ascontiguousarray(cv2.resize(image, (wide, high))[:keep_high, :keep_wide])
        intrinsics = torch.as_tensor([fx * wide / width, fy * high / height, cx * wide / width, cy * high / height])
        yield index, torch.as_tensor(image).permute(2, 0, 1)[None], intrinsics


def stopped():
    return os.path.exists(os.path.join(STATE, "stop"))


def final_passes_fit(keyframes):
    """About two seconds for ten keyframes; the same again for the poses of all frames."""
    try:
        with open(os.path.join(STATE, "deadline")) as file:
            left = int(file.read()) - time.time()
    except (OSError, ValueError):
        return True
    return left > 0.4 * keyframes + 20


def keyframes(droid):
    """In asynchronous mode the front end has a buffer of its own."""
    return (getattr(droid, "video1", None) or droid.video).counter.value


def check_back_end(droid):
    """A process of its own in asynchronous mode; what went wrong there stands in the log before this."""
    code = droid.backend_proc.exitcode if hasattr(droid, "backend_proc") else None
    if code:
        raise SystemExit("muster: the back end's process ended with %d" % code)


def main():
    import torch

    args = arguments()
    sys.path.insert(0, os.path.join(os.getcwd(), "droid_slam"))
    torch.multiprocessing.set_start_method("spawn")   # a forked process could not use the GPU
    try:
        partial = run(args)
    finally:
        # Python would wait for them at its end, and after an error nobody tells them to stop.
        for child in multiprocessing.active_children():
            child.terminate()
    sys.exit(PARTIAL if partial else 0)


def run(args):
    began = time.time()
    with open(args.calib) as file:
        calibration = [float(word) for word in file.read().split()]
    files = names(args.imagedir, args.stride)
    print(args.weights, flush=True)
    print("muster: %d frames" % len(files), flush=True)

    droid, partial = None, False
    for index, image, intrinsics in frames(args.imagedir, files, calibration, args.t0):
        if stopped():
            partial = True
            break
        if droid is None:
            args.image_size = [image.shape[2], image.shape[3]]
            if args.asynchronous:
                from droid_async import DroidAsync as Droid
            else:
                from droid import Droid
            droid = Droid(args)
        droid.track(index, image, intrinsics=intrinsics)
        check_back_end(droid)
        if keyframes(droid) > args.buffer - 16:
            raise SystemExit("muster: the keyframe buffer is full: %d of %d at frame %d" % (keyframes(droid), args.buffer, index))
        if index % 10 == 0:
            print("muster: frame %d of %d, %d keyframes" % (index, len(files), keyframes(droid)), flush=True)
    if droid is None:
        raise SystemExit("muster: fewer keyframes than warmup: no frame was tracked")
    tracked = time.time()
    # What the back end has not seen yet is in the front end's buffer alone.
    video, trajectory = getattr(droid, "video1", None) or droid.video, None
    if not partial or final_passes_fit(keyframes(droid)):
        # Frames that were not tracked have no pose, so a partial run asks for none of them.
        last = index if partial else len(files)
        trajectory = droid.terminate(frames(args.imagedir, files[:last], calibration, args.t0))
        check_back_end(droid)
        video = getattr(droid, "video2", None) or droid.video
    save(args, video, files, trajectory, partial, began, tracked)
    return partial


def save(args, video, files, trajectory, partial, began, tracked):
    import numpy
    import torch

    count = int(video.counter.value)
    parts = {"tstamps": video.tstamp, "images": video.images, "disps": video.disps_up, "poses": video.poses, "intrinsics": video.intrinsics}
    # A copy: a slice of a tensor would be saved with the whole buffer behind it.
    write(args.reconstruction_path, lambda path: torch.save({name: part[:count].cpu().clone() for name, part in parts.items()}, path))
    folder = os.path.dirname(args.reconstruction_path)
    if trajectory is not None:
        write(os.path.join(folder, "traj_est.npy"), lambda path: numpy.save(path, numpy.asarray(trajectory, dtype=numpy.float32)))
    write(os.path.join(folder, "images.txt"), lambda path: text(path, "".join(name + "\n" for name in names(args.imagedir, 1))))
    facts = {
        "frames": len(files), "keyframes": count, "partial": partial, "stride": args.stride, "t0": args.t0,
        "working_size": list(args.image_size), "seconds_tracking": round(tracked - began, 1), "seconds": round(time.time() - began, 1),
        "gpu_memory_peak": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        "torch": torch.__version__, "python": sys.version.split()[0],
    }
    write(os.path.join(folder, "run.json"), lambda path: text(path, json.dumps(facts, indent=1) + "\n"))
    if count < args.warmup and not partial:
        raise SystemExit("muster: fewer keyframes than warmup: %d of %d" % (count, args.warmup))


def text(path, content):
    with open(path, "w") as file:
        file.write(content)


def write(path, how):
    """Files appear whole."""
    draft = os.path.join(os.path.dirname(path), ".part." + os.path.basename(path))
    how(draft)
    os.replace(draft, path)


if __name__ == "__main__":   # worker processes are spawned, and read this file again
    main()
