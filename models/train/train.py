"""Trains the embedded model from nothing: python train.py --data DIR --out DIR

Writes OUT/checkpoint (a Hugging Face folder, refreshed on the way), OUT/state.pt (to resume), OUT/log.txt. Run again with
the same arguments, it continues where it stopped.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

import batches as B
import data
import fast
import model as M
import tokenizer as T


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", type=Path, default=Path("data"), help="image folder; filled by download.py if it is absent")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--steps", type=int, default=9000)
    p.add_argument("--minutes", type=float, default=170, help="the learning rate reaches its end by then at the latest")
    p.add_argument("--rows", type=int, default=8, help="rows (pictures or text drills) a step")
    p.add_argument("--lr", type=float, default=5e-4)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--eval-minutes", type=float, default=8)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--bf16", action="store_true", help="autocast; faster on CPUs with AVX512-BF16")
    return p.parse_args()


def drill_share(step: int) -> float:
    """Text-only drills first: content -> option letter is the slow part, and they teach it without the vision tower."""
    return 0.6 if step < 500 else 0.4 if step < 1200 else 0.2 if step < 3000 else 0.12


def learning_rate(progress: float, step: int, peak: float) -> float:
    warm = min(1.0, (step + 1) / 200)
    return peak * warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))


def loss_of(model, batch: dict) -> torch.Tensor:
    mask = B.attention_mask(batch["segments"])
    states = fast.hidden_states(model, batch["ids"], batch["positions"], mask, batch["images"])
    at = batch["targets"] >= 0
    scores = fast.logits(model, states[at]).float()
    each = F.cross_entropy(scores, batch["targets"][at], reduction="none")
    weight = batch["weights"][at]
    return (each * weight).sum() / weight.sum()


def optimizer_of(model) -> torch.optim.Optimizer:
    decay = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() <= 1]
    sets = [{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(sets, lr=1e-4, betas=(0.9, 0.98), eps=1e-8, fused=True)


def write_checkpoint(model, config: dict, tok: Tokenizer, folder: Path) -> None:
    """Whole or not at all: others may be reading the folder."""
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
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        torch.manual_seed(args.seed)
        random.seed(args.seed)
        np.random.seed(args.seed)
        torch.set_num_threads(args.threads)
        torch.set_flush_denormal(True)
        self.pictures, training, self.tok = prepare(args)
        self.config = M.config_dict(self.tok)
        self.model = M.build(self.config).train()
        self.optimizer = optimizer_of(self.model)
        self.step, self.spent = 0, 0.0
        self.state = args.out / "state.pt"
        if self.state.exists():
            self.resume()
        self.groups = data.groups(training)
        size = sum(p.numel() for p in self.model.parameters())
        self.log(f"{size} parameters, {len(training)} pictures of {len(self.pictures)} for training, step {self.step}")

    def log(self, text: str) -> None:
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
        saved = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step, "spent": self.spent}
        fresh = self.state.with_suffix(".new")
        torch.save(saved, fresh)
        os.replace(fresh, self.state)
        write_checkpoint(self.model, self.config, self.tok, self.args.out / "checkpoint")

    def update(self, batch: dict, progress: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(progress, self.step, self.args.lr)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.args.bf16):
            loss = loss_of(self.model, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    def train(self) -> None:
        args = self.args
        source = B.Batches(self.groups, self.tok.to_str(), args.seed, self.step, args.steps, args.rows, drill_share)
        loader = torch.utils.data.DataLoader(source, batch_size=None, num_workers=1, prefetch_factor=6)
        begun, before, last_eval, losses = time.monotonic(), self.spent, time.monotonic(), []
        for batch in loader:
            self.spent = before + time.monotonic() - begun
            progress = max(self.step / args.steps, self.spent / 60 / args.minutes)
            if progress >= 1:
                break
            losses.append(self.update(batch, progress))
            self.step += 1
            if self.step % 50 == 0:
                self.log(f"step {self.step} loss {np.mean(losses):.4f} lr {self.optimizer.param_groups[0]['lr']:.1e} minutes {self.spent / 60:.1f}")
                losses = []
            if self.step % 250 == 0:
                self.save()
            if time.monotonic() - last_eval > args.eval_minutes * 60:
                self.save()
                evaluate_now(self.pictures, args.out / "checkpoint", self.log, self.step)
                last_eval = time.monotonic()
        self.save()
        evaluate_now(self.pictures, args.out / "checkpoint", self.log, self.step)


if __name__ == "__main__":
    Run(arguments()).train()
