"""Trains the embedded model from scratch: python train.py --data DIR --out DIR

Writes OUT/checkpoint (a Hugging Face folder, updated during training), OUT/state.pt (to resume) and OUT/log.txt. The
same command resumes an interrupted run.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from tokenizers import Tokenizer

import batches as B
import copyheads
import data
import fast
import model as M
import tokenizer as T


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument(
        "--data", type=Path, default=Path("data"), help="image folder; created by download.py if it is missing"
    )
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--steps", type=int, default=8000)
    p.add_argument("--minutes", type=float, default=170, help="the learning rate ends by then at the latest")
    p.add_argument("--rows", type=int, default=5, help="rows (pictures or text drills) per step and process")
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--eval-minutes", type=float, default=20)
    p.add_argument("--processes", type=int, default=2, help="one per core; much faster than threads on busy machines")
    return p.parse_args()


def drill_share(step: int) -> float:
    """The share of text-only drills, which are cheap practice; lower once the model reads options well."""
    return 0.4 if step < 1000 else 0.12


def learning_rate(progress: float, steps_run: int, peak: float) -> float:
    warm = min(1.0, (steps_run + 1) / 50)
    return peak * warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def loss_of(model, batch: dict) -> tuple[torch.Tensor, list[tuple[int, int]]]:
    """Returns the weighted loss, and (right, all) letters for rows with and without a picture."""
    mask = B.attention_mask(batch["segments"])
    wanted = B.wanted_rows(batch["targets"])
    states = fast.hidden_states(model, batch["ids"], batch["positions"], mask, batch["images"], wanted)
    targets, weights = (batch[name].gather(1, wanted) for name in ("targets", "weights"))
    at = targets >= 0
    scores = fast.logits(model, states[at]).float()
    each = F.cross_entropy(scores, targets[at], reduction="none")
    weight = weights[at]
    letter = weight == B.LETTER_WEIGHT
    pictured = torch.zeros(len(mask), dtype=torch.bool)
    for *_, rows in batch["images"]:
        pictured[rows] = True
    seen = pictured[:, None].expand_as(at)[at]
    hit = scores.argmax(-1) == targets[at]
    counts = [(int(hit[letter & w].sum()), int((letter & w).sum())) for w in (seen, ~seen)]
    return (each * weight).sum() / weight.sum(), counts


def optimizer_of(model) -> torch.optim.Optimizer:
    decay = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() <= 1]
    sets = [{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(sets, lr=1e-4, betas=(0.9, 0.98), eps=1e-8, fused=True)


def write_checkpoint(model, config: dict, tok: Tokenizer, folder: Path) -> None:
    """Replaces the folder as a whole, because other processes may be reading it."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    M.save(model, config, fresh)
    T.save(tok, fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def prepare(args: argparse.Namespace):
    if not (args.data / "vqa-rad").exists():
        import download

        download.fetch(args.data)
    pictures = data.load(args.data)
    training = [p for p in pictures if p.split == "train"]
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "tokenizer-built.json"
    if not path.exists():
        T.build(sorted({q for p in training for q, _ in p.closed})).save(str(path))
    return pictures, training, Tokenizer.from_file(str(path))


def evaluate_now(pictures, folder: Path, log, step: int) -> None:
    import evaluate

    table = evaluate.run(pictures, folder, "val", per_type=48, seed=step)
    log("val " + " ".join(f"{name} {right}/{count}" for name, (right, count, _) in table["types"].items())
        + f" formed {table['formed'][0]}/{table['formed'][1]}")  # fmt: skip


class Run:
    """One of `--processes` equal workers. The first one also logs, saves and evaluates."""

    def __init__(self, args: argparse.Namespace, rank: int) -> None:
        self.args, self.rank = args, rank
        torch.manual_seed(args.seed)
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        self.pictures, training, self.tok = prepare(args)
        self.config = M.config_dict(self.tok)
        self.model = M.build(self.config).train()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        for p in self.parameters:  # a batch without pictures must leave the vision tower's gradients at zero, not None
            p.grad = torch.zeros_like(p)
        self.optimizer = optimizer_of(self.model)
        self.step, self.spent = 0, 0.0
        self.state = args.out / "state.pt"
        if self.state.exists():
            self.resume()
        else:
            copyheads.install(self.model)
        self.first = self.step
        self.groups = data.groups(training)
        self.losses: list[float] = []
        self.tally = np.zeros((2, 2))
        size = sum(p.numel() for p in self.parameters)
        self.log(f"{size} parameters, {len(training)} pictures of {len(self.pictures)} for training, step {self.step}")

    def log(self, text: str) -> None:
        if self.rank == 0:
            line = f"{time.strftime('%H:%M:%S')} {text}"
            print(line, flush=True)
            with (self.args.out / "log.txt").open("a") as f:
                f.write(line + "\n")

    def resume(self) -> None:
        saved = torch.load(self.state, weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.spent = saved["step"], saved["spent"]

    def save(self) -> None:
        if self.rank != 0:
            return
        saved = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent": self.spent,
        }
        fresh = self.state.with_suffix(".new")
        torch.save(saved, fresh)
        os.replace(fresh, self.state)
        write_checkpoint(self.model, self.config, self.tok, self.args.out / "checkpoint")

    def share(self, figures: list[float]) -> list[float]:
        """Averages the gradients and sums the figures over all workers, in one message."""
        flat = torch.cat([p.grad.view(-1) for p in self.parameters] + [torch.tensor(figures, dtype=torch.float)])
        if self.args.processes > 1:
            dist.all_reduce(flat)
        at = 0
        for p in self.parameters:
            p.grad.copy_(flat[at : at + p.numel()].view_as(p)).div_(self.args.processes)
            at += p.numel()
        return flat[at:].tolist()

    def update(self, batch: dict, stopped: bool) -> bool:
        """Makes one step and returns True if training is over. The first worker's clock decides for all."""
        loss, letters = loss_of(self.model, batch)
        self.optimizer.zero_grad(set_to_none=False)
        loss.backward()
        progress = max(self.step / self.args.steps, self.spent / 60 / self.args.minutes) if self.rank == 0 else 0.0
        mine = [progress, float(stopped), loss.item(), *(float(n) for pair in letters for n in pair)]
        progress, stopped_sum, loss_sum, *hits = self.share(mine)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.step - self.first, self.args.lr)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.losses.append(loss_sum / self.args.processes)
        self.tally += np.array(hits).reshape(2, 2)
        return progress >= 1 or stopped_sum > 0

    def note(self) -> None:
        rate = self.optimizer.param_groups[0]["lr"]
        hits = " ".join(
            f"{name} {right / max(1, count):.3f}"
            for name, (right, count) in zip(("picture", "text"), self.tally, strict=True)
        )
        self.log(
            f"step {self.step} loss {np.mean(self.losses):.4f} letters: {hits} lr {rate:.1e}"
            f" minutes {self.spent / 60:.1f}"
        )
        self.losses, self.tally = [], np.zeros((2, 2))

    def train(self) -> None:
        args, seed = self.args, f"{self.args.seed}/{self.rank}"
        source = B.Batches(self.groups, self.tok.to_str(), seed, self.step, args.steps, args.rows, drill_share)
        loader = torch.utils.data.DataLoader(source, batch_size=None, num_workers=1, prefetch_factor=6)
        begun, before, last_eval = time.monotonic(), self.spent, time.monotonic()
        stopped: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        for batch in loader:
            self.spent = before + time.monotonic() - begun
            over = self.update(batch, bool(stopped))
            self.step += 1
            if self.step % 25 == 0:
                self.note()
            if self.step % 100 == 0 or over:
                self.save()
            if over:
                break
            if self.rank == 0 and time.monotonic() - last_eval > args.eval_minutes * 60:
                self.save()
                evaluate_now(self.pictures, args.out / "checkpoint", self.log, self.step)
                last_eval = time.monotonic()
        if self.rank == 0 and not stopped:
            evaluate_now(self.pictures, args.out / "checkpoint", self.log, self.step)


def work(rank: int, args: argparse.Namespace) -> None:
    if args.processes > 1:
        meeting = f"file://{(args.out / 'meeting').resolve()}"
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=args.processes)
    Run(args, rank).train()


def main() -> None:
    args = arguments()
    prepare(args)
    (args.out / "meeting").unlink(missing_ok=True)
    if args.processes == 1:
        work(0, args)
        return
    context = torch.multiprocessing.get_context("spawn")
    workers = [context.Process(target=work, args=(rank, args)) for rank in range(args.processes)]
    for worker in workers:
        worker.start()
    # Interrupting this process interrupts the workers, which save and exit.
    signal.signal(signal.SIGTERM, lambda *_: [w.terminate() for w in workers[:1]])
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
