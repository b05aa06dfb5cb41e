"""Calibration: the mean square of every linear layer's inputs over typical questions and answers.

    python models/calibrate.py CHECKPOINT ROWS.jsonl OUT.safetensors [--device cuda] [--dtype bfloat16]

CHECKPOINT is a folder or a name on the hub. A row is {"messages": [...]} in the chat form of Hugging Face, ideally with
the answer as the assistant's last message. Image paths are relative to the file of rows. 100 to 200 rows are plenty.
`npm run -s convert -- SRC --out DIR --calibration OUT.safetensors` uses the result (docs/quantization.md).
"""

import argparse
import json
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText, AutoProcessor


def published_name(name: str) -> str:
    """The name that a module's weight has in published checkpoints of the family."""
    name = name.replace("model.language_model.", "model.").replace("model.visual.", "visual.")
    return f"{name}.weight"


class InputSquares:
    """Collects the sums of squares of every linear layer's inputs through forward hooks."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.sums: dict[str, torch.Tensor] = {}
        self.counts: dict[str, int] = {}
        # A tied head shares its weight with the embedding, which the recipe keeps at 8 bits anyway.
        tied = model.config.tie_word_embeddings
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear) and not (tied and name == "lm_head"):
                module.register_forward_pre_hook(self._hook(published_name(name)))

    def _hook(self, name: str):
        def add(_, inputs: tuple[torch.Tensor, ...]) -> None:
            rows = inputs[0].detach().flatten(0, -2).double()
            squares = rows.square().sum(0).cpu()
            self.sums[name] = self.sums[name] + squares if name in self.sums else squares
            self.counts[name] = self.counts.get(name, 0) + len(rows)

        return add

    def means(self) -> dict[str, torch.Tensor]:
        return {name: (total / self.counts[name]).float() for name, total in self.sums.items()}


def read_rows(path: Path) -> list[list[dict]]:
    """The messages of each row, with the images loaded."""
    rows = [json.loads(line)["messages"] for line in path.read_text().splitlines() if line.strip()]
    for message in (message for messages in rows for message in messages):
        if isinstance(message["content"], str):
            message["content"] = [{"type": "text", "text": message["content"]}]
        for part in message["content"]:
            if part["type"] == "image":
                part["image"] = Image.open(path.parent / part.pop("path", part.get("image"))).convert("RGB")
    return rows


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()
    processor = AutoProcessor.from_pretrained(args.checkpoint, backend="pil")
    model = AutoModelForImageTextToText.from_pretrained(args.checkpoint, dtype=getattr(torch, args.dtype))
    model = model.to(args.device).eval()
    squares = InputSquares(model)
    rows = read_rows(args.rows)
    for done, messages in enumerate(rows, 1):
        text = processor.apply_chat_template(messages)
        images = [part["image"] for message in messages for part in message["content"] if part["type"] == "image"]
        inputs = processor(text=[text], images=images or None, return_tensors="pt")
        model(**inputs.to(args.device))
        print(f"\r{done} of {len(rows)}", end="", flush=True)
    means = squares.means()
    save_file(means, args.out)
    print(f"\nWrote {len(means)} vectors to {args.out}.")


if __name__ == "__main__":
    main()
