"""Trains DROID-SLAM on one's own data or on TartanAir, and goes on from where an earlier run stopped. Started in the program's folder, as it finds its modules by a relative path."""
import argparse
import collections
import json
import os
import socket
import sys
import time

import numpy
import torch

STATE = os.environ.get("DROID_STATE", "/out/state")
PARTIAL = 9
HEADS = ["update.weight.2.weight", "update.weight.2.bias", "update.delta.2.weight", "update.delta.2.bias"]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--datapath", required=True)
    parser.add_argument("--layout", choices=["custom", "tartanair"], default="custom")
    parser.add_argument("--tartanair", help="a second data set, which --mix of the clips are taken from")
    parser.add_argument("--mix", type=float, default=0.5)
    parser.add_argument("--depth_scale", type=float, default=5.0)
    parser.add_argument("--ckpt", help="weights to begin with")
    parser.add_argument("--resume", help="what an earlier run saved: weights, optimiser, schedule and step")
    parser.add_argument("--name", default="droid")
    parser.add_argument("--out", required=True)
    parser.add_argument("--graphs", required=True)
    parser.add_argument("--processes", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--iters", type=int, default=15)
    parser.add_argument("--steps", type=int, default=250000)
    parser.add_argument("--lr", type=float, default=0.00025)
    parser.add_argument("--clip", type=float, default=2.5)
    parser.add_argument("--n_frames", type=int, default=7)
    parser.add_argument("--w1", type=float, default=10.0)
    parser.add_argument("--w2", type=float, default=0.01)
    parser.add_argument("--w3", type=float, default=0.05)
    parser.add_argument("--fmin", type=float, default=8.0)
    parser.add_argument("--fmax", type=float, default=96.0)
    parser.add_argument("--edges", type=int, default=24)
    parser.add_argument("--restart_prob", type=float, default=0.2)
    parser.add_argument("--checkpoint_every", type=int, default=10000)
    parser.add_argument("--save_every", type=float, default=1800, help="seconds between two saved states")
    parser.add_argument("--print_every", type=int, default=100)
    return parser.parse_args()


def data(args, device):
    from sequences import Clips, Graph, custom, tartanair

    def clips(sequences):
        sequences = list(sequences)
        graphs = []
        for at, sequence in enumerate(sequences):
            print("muster: looking at sequence %d of %d, %d images" % (at + 1, len(sequences), len(sequence.images)), flush=True)
            graphs.append(Graph(sequence, args.graphs, device))
        found = Clips(sequences, graphs, args.n_frames, args.fmin, args.fmax)
        if not len(found):
            raise SystemExit("muster: no clip of %d images can start in %d sequences" % (args.n_frames, len(sequences)))
        return found

    parts = [clips(custom(args.datapath, args.depth_scale) if args.layout == "custom" else tartanair(args.datapath))]
    if args.tartanair:
        parts.append(clips(tartanair(args.tartanair)))
    return parts


class Draws(torch.utils.data.Sampler):
    """Clips without an end, each rank its own; the share `mix` comes from the second data set."""

    def __init__(self, parts, mix, seed):
        self.parts, self.mix, self.seed = parts, mix, seed

    def __iter__(self):
        random = numpy.random.default_rng(self.seed)
        while True:
            second = len(self.parts) > 1 and random.random() < self.mix
            yield int(random.integers(len(self.parts[1]))) + len(self.parts[0]) if second else int(random.integers(len(self.parts[0])))


def own_chance(worker):
    """Workers are copies, and would all throw the same dice."""
    numpy.random.seed(torch.initial_seed() % 2**32)


def load(path):
    # Only numbers, where torch can tell: 1.13 stumbles over a float, and those before it do not know the word.
    return torch.load(path, map_location="cpu", **({"weights_only": True} if torch.__version__ >= "2" else {}))


def begin_with(model, path):
    """Released weights have more outputs than the network uses."""
    own = model.state_dict()
    given = {name[len("module."):] if name.startswith("module.") else name: tensor for name, tensor in load(path).items()}
    for name in HEADS:
        given[name] = given[name][: own[name].shape[0]]
    model.load_state_dict(given)


def write(path, how):
    """Files appear whole."""
    draft = os.path.join(os.path.dirname(path), ".part." + os.path.basename(path))
    how(draft)
    os.replace(draft, path)


def work(rank, args, parts, world, port, resumed):
    sys.path[:0] = [os.path.join(os.getcwd(), "droid_slam")]
    from droid_net import DroidNet
    from geom import losses
    from geom.graph_utils import build_frame_graph

    SE3 = losses.SE3   # the same class as the losses look for
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", rank) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if cuda else "gloo", init_method="tcp://127.0.0.1:%d" % port, world_size=world, rank=rank)
    network = DroidNet()
    step = 0
    if resumed:
        kept = load(resumed)
        network.load_state_dict(kept["model"])
        step, args.steps, args.lr = kept["step"], kept["steps"], kept["lr"]
    elif args.ckpt:
        begin_with(network, args.ckpt)
    model = torch.nn.parallel.DistributedDataParallel(network.to(device).train(), device_ids=[rank] if cuda else None)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-5)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.lr, args.steps, pct_start=0.01, cycle_momentum=False)
    if resumed:
        optimizer.load_state_dict(kept["optimizer"])
        scheduler.load_state_dict({"last_epoch": step, "_step_count": step + 1})
        del kept

    torch.manual_seed(world * step + rank)
    numpy.random.seed((world * step + rank) % 2**32)
    restarts = numpy.random.default_rng(step)   # the same everywhere: the ranks wait for each other at each pass
    together = torch.utils.data.ConcatDataset(parts)
    loader = torch.utils.data.DataLoader(together, batch_size=args.batch, sampler=Draws(parts, args.mix, [step, rank]), num_workers=2, worker_init_fn=own_chance)
    journal = Journal(args) if rank == 0 else None
    saved, stop = time.time(), torch.zeros(1, device=device)

    def save(with_checkpoint):
        write(os.path.join(args.out, "checkpoints", "state.pth"), lambda path: torch.save({"model": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "steps": args.steps, "lr": args.lr}, path))
        if with_checkpoint:
            write(os.path.join(args.out, "checkpoints", "%s_%06d.pth" % (args.name, step)), lambda path: torch.save(model.state_dict(), path))
        facts = {"step": step, "steps": args.steps, "partial": step < args.steps, "lr": scheduler.get_last_lr()[0], "processes": world, "sequences": sum(len(part.sequences) for part in parts), "clips": len(together), "torch": torch.__version__}
        write(os.path.join(args.out, "run.json"), lambda path: text(path, json.dumps(facts, indent=1) + "\n"))

    if rank == 0 and step >= args.steps:
        save(with_checkpoint=True)
    for images, poses, disparities, intrinsics in loader if step < args.steps else []:
        images, poses, disparities, intrinsics = (part.to(device) for part in (images, poses, disparities, intrinsics))
        optimizer.zero_grad()
        true = SE3(poses).inv()   # the files say camera to world, the network thinks world to camera
        if numpy.random.rand() < 0.5:
            graph = build_frame_graph(poses, disparities, intrinsics, num=args.edges)
        else:
            graph = collections.OrderedDict((i, [j for j in range(args.n_frames) if 0 < abs(i - j) <= 2]) for i in range(args.n_frames))
        # Two poses are given, and the rest begin where the second is.
        guess = SE3.IdentityLike(true)
        guess.data[:, 0] = true.data[:, 0].clone()
        guess.data[:, 1:] = true.data[:, [1]].clone()
        depths = torch.ones_like(disparities[:, :, 3::8, 3::8])
        again = True
        while again:
            guesses, all_depths, residuals = model(guess, images, depths, intrinsics / 8.0, graph, num_steps=args.iters, fixedp=2)
            pose, metrics = losses.geodesic_loss(true, guesses, graph, do_scale=False)
            residual, more = losses.residual_loss(residuals)
            flow, most = losses.flow_loss(true, disparities, guesses, all_depths, intrinsics, graph)
            loss = args.w1 * pose + args.w2 * residual + args.w3 * flow
            if not torch.isfinite(loss):
                raise SystemExit("muster: the loss is no number at step %d" % step)
            loss.backward()
            guess, depths = guesses[-1].detach(), all_depths[-1][:, :, 3::8, 3::8].detach()
            again = restarts.random() < args.restart_prob
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        scheduler.step()
        step += 1
        if rank == 0:
            journal.add(step, scheduler.get_last_lr()[0], {**metrics, **more, **most})
            stop.fill_(os.path.exists(os.path.join(STATE, "stop")))
        torch.distributed.broadcast(stop, 0)   # all ranks end with the same step
        over = step >= args.steps or bool(stop.item())
        if rank == 0 and (over or step % args.checkpoint_every == 0 or time.time() - saved > args.save_every):
            save(with_checkpoint=over or step % args.checkpoint_every == 0)
            saved = time.time()
        if over:
            break
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


class Journal:
    """What is printed, and written for TensorBoard where the image has it."""

    def __init__(self, args):
        self.every, self.sums, self.count, self.named = args.print_every, collections.OrderedDict(), 0, False
        try:
            from torch.utils.tensorboard import SummaryWriter
            self.board = SummaryWriter(os.path.join(args.out, "runs", args.name))
        except ImportError:
            self.board = None

    def add(self, step, rate, metrics):
        for name, value in metrics.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.count += 1
        if step % self.every:
            return
        if not self.named:
            print(", ".join(self.sums), flush=True)
            self.named = True
        print("[%6d, %10.7f] %s" % (step, rate, ", ".join("%10.4f" % (value / self.count) for value in self.sums.values())), flush=True)
        for name, value in self.sums.items() if self.board else []:
            self.board.add_scalar(name, value / self.count, step)
        self.sums.clear()
        self.count = 0


def text(path, content):
    with open(path, "w") as file:
        file.write(content)


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def main():
    args = arguments()
    os.makedirs(os.path.join(args.out, "checkpoints"), exist_ok=True)
    parts = data(args, "cuda" if torch.cuda.is_available() else "cpu")
    world = args.processes or torch.cuda.device_count() or 1
    # A job that was put back into the queue finds what it saved itself.
    own = os.path.join(args.out, "checkpoints", "state.pth")
    resumed = own if os.path.exists(own) else args.resume
    print("muster: %d clips, %d processes%s" % (sum(len(part) for part in parts), world, ", resumed from %s" % resumed if resumed else ""), flush=True)
    torch.multiprocessing.spawn(work, nprocs=world, args=(args, parts, world, free_port(), resumed))
    with open(os.path.join(args.out, "run.json")) as file:
        sys.exit(PARTIAL if json.load(file)["partial"] else 0)


if __name__ == "__main__":   # worker processes are spawned, and read this file again
    main()
