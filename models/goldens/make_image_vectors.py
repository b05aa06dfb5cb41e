"""Reference vectors for DICOM, JPEG, TIFF and NIfTI images.

    .venv/bin/pip install numpy==2.4.6 pillow==13.0.0 pydicom==3.0.2 pylibjpeg==2.1.0 pylibjpeg-libjpeg==2.5.0 \
        pylibjpeg-openjpeg==2.6.0 pyjpegls==1.5.1 imagecodecs==2026.3.6 nibabel==5.4.2 tifffile==2026.3.3
    .venv/bin/python models/goldens/make_image_vectors.py     # a few seconds on one core

Writes next to this file:
- images/pydicom: the small sample files of pydicom's wheel (MIT licence);
- images/made: synthetic files with what those lack;
- images/*.json: hashes of what pydicom, nibabel, tifffile and Pillow read from them.
The unit tests in src/image read these files and need no Python. The same versions give the same bytes.

pydicom's larger samples are hashed too. The tests check them if ROUNDS_PYDICOM_FILES names pydicom/data/test_files.
"""

import hashlib
import json
import logging
import shutil
import warnings
from importlib.metadata import version
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import get_frame
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut, convert_color_space

import dicom_samples
import jpeg_samples
import volume_samples

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

HERE = Path(__file__).parent
OUT = HERE / "images"
SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
PACKAGES = [
    "numpy",
    "pillow",
    "pydicom",
    "pylibjpeg-libjpeg",
    "pylibjpeg-openjpeg",
    "pyjpegls",
    "imagecodecs",
    "nibabel",
    "tifffile",
]
MAX_COMMITTED = 35_000
# No pixels, or nothing that pydicom can read either.
LEFT_OUT = {
    "badVR.dcm",
    "MR_truncated.dcm",
    "JPEG-lossy.dcm",
    "SC_rgb_jpeg.dcm",
    "JPEG2000-embedded-sequence-delimiter.dcm",
}
# pydicom's decoder for each family. All are exact except for lossy JPEG; see `jpeg_reference`.
PLUGINS = {"4.50": "pillow", "4.80": "pyjpegls", "4.81": "pyjpegls", "4.90": "pylibjpeg", "4.91": "pylibjpeg"}


def sha256(array: np.ndarray, dtype: str) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).astype(dtype).tobytes()).hexdigest()


def syntax_of(data: pydicom.Dataset) -> str:
    return str(data.file_meta.TransferSyntaxUID)


def read_frame(path: Path, data: pydicom.Dataset, frame: int) -> np.ndarray:
    syntax = syntax_of(data)
    if syntax.endswith("4.51"):
        return jpeg_reference(data, frame)
    plugin = next((name for key, name in PLUGINS.items() if syntax.endswith(key)), "")
    return pixel_array(data, index=frame, decoding_plugin=plugin)


def jpeg_reference(data: pydicom.Dataset, frame: int) -> np.ndarray:
    """Lossy JPEG leaves rounding to the decoder. Ours rounds as libjpeg-turbo does, which also decodes 12 bits."""
    coded = get_frame(data.PixelData, frame, number_of_frames=int(data.get("NumberOfFrames", 1) or 1))
    return imagecodecs.jpeg8_decode(coded)


def other_decoder(data: pydicom.Dataset, frame: int, values: np.ndarray) -> int | None:
    """The largest difference to pydicom's other JPEG decoder, pylibjpeg-libjpeg; None if it does not apply."""
    if syntax_of(data)[-4:] not in ("4.50", "4.51"):
        return None
    other = pixel_array(data, index=frame, decoding_plugin="pylibjpeg")
    return int(np.abs(other.astype(int) - values.astype(int)).max())


def quantile_levels(stored: np.ndarray, data: pydicom.Dataset) -> np.ndarray:
    """docs/images.md: without a window, the 1 % quantile is black and the 99 % quantile is white."""
    used = stored
    if "PixelPaddingValue" in data:
        low = high = int(data.PixelPaddingValue)
        if "PixelPaddingRangeLimit" in data:
            low, high = sorted([low, int(data.PixelPaddingRangeLimit)])
        used = stored[(stored < low) | (stored > high)]
    slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
    low, high = (np.percentile(used.astype(np.float64), [1, 99]) * slope + intercept).tolist()
    center, width = (low + high) / 2 + 0.5, high - low + 1
    values = apply_modality_lut(stored, data).astype(np.float64)
    if width == 1:
        return np.where(values > center - 0.5, 255.0, 0.0)
    return np.clip(((values - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)


def voi_levels(modality: np.ndarray, data: pydicom.Dataset) -> np.ndarray:
    """pydicom's result, scaled to 0–255 from the range of the stored bits or of the table's entries."""
    shown = apply_voi_lut(modality, data).astype(np.float64)
    low: float
    high: float
    if data.get("VOILUTSequence"):
        low, high = 0, 2 ** data.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif data.get("ModalityLUTSequence"):
        low, high = 0, 2 ** data.ModalityLUTSequence[0].LUTDescriptor[2] - 1
    else:
        bits = data.BitsStored
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if data.PixelRepresentation else (0, 2**bits - 1)
        slope, intercept = float(data.get("RescaleSlope", 1)), float(data.get("RescaleIntercept", 0))
        low, high = low * slope + intercept, high * slope + intercept
    return (shown - low) / (high - low) * 255


def to_rgb(stored: np.ndarray, data: pydicom.Dataset) -> np.ndarray:
    kind = data.PhotometricInterpretation
    if kind == "PALETTE COLOR":
        shown = pydicom.pixels.apply_color_lut(stored, data)
        return shown >> 8 if shown.dtype == np.uint16 else shown
    if not kind.startswith("MONOCHROME"):
        return stored >> (data.BitsStored - 8)
    has_window = data.get("WindowWidth") is not None and data.get("WindowCenter") is not None
    has_voi = data.get("VOILUTSequence") or has_window
    levels = voi_levels(apply_modality_lut(stored, data), data) if has_voi else quantile_levels(stored, data)
    # Round half up. Values within 1e-7 of a half count as a half: the two formulas round differently.
    grey = np.floor(np.clip(levels, 0, 255) + 0.5 + 1e-7).astype(np.uint8)
    if kind == "MONOCHROME1":
        grey = 255 - grey
    return np.repeat(grey[..., None], 3, axis=-1)


def describe(path: Path, label: str, committed: bool = True) -> list[dict]:
    data = pydicom.dcmread(path)
    frames = int(data.get("NumberOfFrames", 1) or 1)
    rows = []
    for frame in sorted({0, frames // 2, frames - 1}):
        stored = read_frame(path, data, frame)
        row = {
            "file": label,
            "syntax": syntax_of(data),
            "frame": frame,
            "frames": frames,
            "size": [int(data.Columns), int(data.Rows)],
            "committed": committed,
        }
        if data.PhotometricInterpretation.startswith("MONOCHROME"):
            row["modality"] = sha256(apply_modality_lut(stored, data), "<f4")
        row["rgb"] = sha256(to_rgb(stored, data), "u1")
        difference = other_decoder(data, frame, stored)
        if difference is not None:
            row["pylibjpegDiffersBy"] = difference
        rows.append(row)
    return rows


def shipped_files() -> list[Path]:
    """pydicom's samples; of the many slices of one series only the first of each folder."""
    seen: set[tuple] = set()
    files = []
    for path in sorted(SHIPPED.glob("*.dcm")) + sorted((SHIPPED / "dicomdirtests").glob("*/*/*")):
        if path.name in LEFT_OUT or not path.is_file():
            continue
        try:
            data = pydicom.dcmread(path)
        except pydicom.errors.InvalidDicomError:
            continue
        if "PixelData" not in data or "Rows" not in data:
            continue
        kind = (path.parent.parent.name, path.parent.name) if "dicomdirtests" in path.parts else (path.name,)
        if kind not in seen:
            seen.add(kind)
            files.append(path)
    return files


def make_dicom() -> list[dict]:
    rows = []
    for path in shipped_files():
        committed = path.stat().st_size <= MAX_COMMITTED
        if committed:
            shutil.copy(path, OUT / "pydicom" / path.name)
        label = path.name if committed else str(path.relative_to(SHIPPED))
        rows += describe(path, f"pydicom/{label}", committed)
    for path in dicom_samples.write(OUT / "made"):
        rows += describe(path, f"made/{path.name}")
    return rows


def check_color_formula() -> None:
    """Checks all 2^24 colours against the single-precision formula of src/image/dicom/color.ts."""
    y, b, r = (axis.ravel() for axis in np.meshgrid(*[np.arange(256)] * 3, indexing="ij"))
    given = np.stack([y, b, r], -1).astype(np.uint8)
    single, (y, blue, red) = np.float32, (y.astype(float), b - 128.0, r - 128.0)

    def factor(value: float) -> float:
        return float(single(value))

    green = single(y + factor(-0.114 * 1.772 / 0.587) * blue) + factor(-0.299 * 1.402 / 0.587) * red
    ours = single(np.stack([y + factor(1.402) * red, green, y + factor(1.772) * blue], -1))
    ours = np.clip(np.floor(ours + single(0.5)), 0, 255).astype(np.uint8)
    theirs = convert_color_space(given, "YBR_FULL", "RGB")
    assert (ours == theirs).all(), f"{(ours != theirs).any(-1).sum()} colours differ"


def write(name: str, rows: list[dict]) -> None:
    lines = ",\n".join(json.dumps(row) for row in rows)
    (OUT / f"{name}.json").write_text(f"[\n{lines}\n]\n")


def main() -> None:
    for folder in ("pydicom", "made"):
        shutil.rmtree(OUT / folder, ignore_errors=True)
        (OUT / folder).mkdir(parents=True)
    check_color_formula()
    write("dicom", make_dicom())
    write("jpeg", jpeg_samples.make_jpeg())
    write("volumes", volume_samples.make_nifti(OUT / "made"))
    write("tiff", volume_samples.make_tiff(OUT / "made"))
    write("versions", [{name: version(name) for name in PACKAGES}])
    total = sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file())
    print(f"{total / 1000:.0f} kB")


if __name__ == "__main__":
    main()
