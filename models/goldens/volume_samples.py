"""Synthetic NIfTI and TIFF files for make_image_vectors.py, and what nibabel, tifffile and Pillow read from them."""

import hashlib
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import tifffile
from PIL import Image, ImageOps


def sha256(array: np.ndarray, dtype: str) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).astype(dtype).tobytes()).hexdigest()


def half_up(levels: np.ndarray) -> np.ndarray:
    return np.floor(np.clip(levels, 0, 255) + 0.5 + 1e-7).astype(np.uint8)


def windowed(values: np.ndarray, center: float, width: float) -> np.ndarray:
    """LINEAR_EXACT of PS3.3 C.11.2.1.3.2; NaN becomes black."""
    level = ((values - center) / width + 0.5) * 255
    level = np.where(values <= center - width / 2, 0, np.where(values > center + width / 2, 255, level))
    return half_up(np.nan_to_num(level, nan=0))


def quantile_window(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values[np.isfinite(values)].astype(np.float64), [1, 99])
    return (low + high) / 2, (high - low) or 1


def grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[..., None], 3, axis=-1)


def solid(shape: tuple[int, ...], low: float, high: float, seed: int) -> np.ndarray:
    """A volume without symmetry, so that a rotated or mirrored slice differs."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.linspace(0, 1, n) for n in shape], indexing="ij")
    value = (
        sum(axis * (i + 1) for i, axis in enumerate(axes)) + np.sin(axes[0] * 9) * axes[1] + rng.normal(0, 0.05, shape)
    )
    value = (value - value.min()) / (value.max() - value.min())
    return low + value * (high - low)


# Columns are the axes of the array: oblique and swapped, so that each axis runs in its own direction.
OBLIQUE = np.array([[0.1, -1.4, 0.2, 10], [0.05, 0.2, 2.9, -20], [-0.9, -0.1, 0.1, 5], [0, 0, 0, 1]])


def nifti_files() -> dict[str, nib.Nifti1Image]:
    whole = np.rint(solid((7, 9, 5), -1000, 2000, 1)).astype(np.int16)
    scaled = nib.Nifti1Image(whole, OBLIQUE)
    scaled.header.set_slope_inter(0.5, -10)
    real = solid((6, 5, 8), 0, 1, 2).astype(np.float32)
    real[0, 0, :] = np.nan
    turned = nib.Nifti1Image(real, None, nib.Nifti1Header(endianness=">"))
    turned.header.set_qform(
        np.diag([2, -1, 1.5, 1]) @ np.array(nib.affines.from_matvec(nib.eulerangles.euler2mat(0.1, 0.2, -0.1))), code=1
    )
    turned = nib.Nifti1Image(real, turned.header.get_qform(), turned.header)
    turned.header.set_sform(None, code=0)
    turned.set_sform(None, code=0)
    turned.set_qform(turned.header.get_qform(), code=1)
    series = nib.Nifti1Image(np.rint(solid((4, 6, 5, 3), 0, 255, 3)).astype(np.uint8), np.diag([-1, -1, 3, 1]))
    series.header["cal_min"], series.header["cal_max"] = 20, 180
    bare = nib.Nifti1Image(np.rint(solid((5, 6, 4), 0, 60000, 4)).astype(np.uint16), None)
    bare.header.set_sform(None, code=0)
    bare.header.set_qform(None, code=0)
    colors = np.stack([solid((5, 6, 4), 0, 255, seed) for seed in (5, 6, 7)], -1).astype(np.uint8)
    colors = colors.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    return {
        "scaled.nii": scaled,
        "float_big_endian.nii": turned,
        "series.nii.gz": series,
        "unoriented.nii.gz": bare,
        "second_version.nii": nib.Nifti2Image(
            np.rint(solid((5, 4, 6), -3e6, 3e6, 8)).astype(np.int32), np.diag([1, 2, 3, 1])
        ),
        "colors.nii.gz": nib.Nifti1Image(colors, OBLIQUE),
        "flat.nii": nib.Nifti1Image(np.rint(solid((8, 6), 0, 255, 9)).astype(np.uint8), np.eye(4)),
    }


def cut(array: np.ndarray, plane: str, index: int) -> np.ndarray:
    """A slice as it is displayed, from an array whose axes run right, anterior, superior.

    The patient's right is at the left; in sagittal slices the front is. Anterior or superior is at the top.
    """
    part = {"axial": array[:, :, index], "coronal": array[:, index], "sagittal": array[index]}[plane]
    return np.flip(np.swapaxes(part, 0, 1), (0, 1))


def describe_slice(path: Path, plane: str, volume: int, index: int | None) -> dict:
    image = nib.load(path)
    data = image.get_fdata() if image.get_data_dtype().names is None else np.asanyarray(image.dataobj)
    if data.ndim < 3:
        data = data[..., None]
    volumes = data.shape[3] if data.ndim > 3 else 1
    data = data[..., volume] if data.ndim > 3 else data
    oriented = nib.as_closest_canonical(nib.Nifti1Image(data, image.affine))
    canonical = np.asanyarray(oriented.dataobj)
    counts = dict(zip(["sagittal", "coronal", "axial"], canonical.shape, strict=True))
    frame = counts[plane] // 2 if index is None else index
    shown = cut(canonical, plane, frame)
    row = {
        "file": f"made/{path.name}",
        "plane": plane,
        "volume": volume,
        "volumes": volumes,
        "slices": counts,
        "asked": index,
        "frame": frame,
        "size": [shown.shape[1], shown.shape[0]],
    }
    if data.dtype.names:
        return row | {"rgb": sha256(np.stack([shown[name] for name in "RGB"], -1), "u1")}
    low, high = float(image.header["cal_min"]), float(image.header["cal_max"])
    window = ((low + high) / 2, high - low) if high > low else quantile_window(data)
    return row | {"values": sha256(shown, "<f4"), "rgb": sha256(grey(windowed(shown, *window)), "u1")}


def make_nifti(folder: Path) -> list[dict]:
    rows = []
    for name, image in nifti_files().items():
        path = folder / name
        nib.save(image, path)
        if name.endswith(".gz"):
            # gzip stores the time of writing; clear it.
            data = bytearray(path.read_bytes())
            data[4:8] = bytes(4)
            path.write_bytes(data)
        planes = ["axial", "coronal", "sagittal"] if name != "flat.nii" else ["axial"]
        rows += [describe_slice(path, plane, 0, None) for plane in planes]
        rows.append(describe_slice(path, "axial", 0, 0))
        if name == "series.nii.gz":
            rows.append(describe_slice(path, "coronal", 2, 1))
    return rows


def tiff_bytes(array: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, software=None, metadata=None, **options)
    return file.getvalue()


def pillow_bytes(picture: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, "TIFF", **options)
    return file.getvalue()


def rgb_of(data: bytes, page: int) -> np.ndarray:
    """8 bits as Pillow reads them; 16-bit grey by its upper byte, other grey from its 1 % to its 99 % quantile."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        array, photometric = file.pages[page].asarray(), file.pages[page].photometric.name
    if array.ndim == 2 and array.dtype not in (np.uint8, bool):
        levels = (array >> 8).astype(np.uint8) if array.dtype == np.uint16 else windowed(array, *quantile_window(array))
        return grey(255 - levels if photometric == "MINISWHITE" else levels)
    if array.dtype == np.uint16:
        return (array[..., :3] >> 8).astype(np.uint8)
    picture = Image.open(io.BytesIO(data))
    picture.seek(page)
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "RGBA":
        white = Image.new("RGB", picture.size, (255, 255, 255))
        white.paste(picture, mask=picture.split()[3])
        picture = white
    return np.asarray(picture.convert("RGB"))


def tiff_files() -> dict[str, bytes]:
    eight = np.rint(solid((19, 23), 0, 255, 11)).astype(np.uint8)
    sixteen = np.rint(solid((19, 23), 0, 65535, 12)).astype(np.uint16)
    real = solid((19, 23), -1, 3, 13).astype(np.float32)
    rgb = np.rint(np.stack([solid((19, 23), 0, 255, seed) for seed in (14, 15, 16)], -1)).astype(np.uint8)
    rgba = np.concatenate([rgb, eight[..., None]], -1)
    picture = Image.fromarray(rgb)
    turned = Image.Exif()
    turned[0x0112] = 6
    files = {
        "grey": tiff_bytes(eight),
        "grey_big_endian_16": tiff_bytes(sixteen, byteorder=">"),
        "grey_16_lzw": tiff_bytes(sixteen, compression="lzw", predictor=True),
        "grey_16_big_endian_predictor": tiff_bytes(sixteen, byteorder=">", compression="zlib", predictor=True),
        "white_is_zero_16": tiff_bytes(sixteen, photometric="miniswhite"),
        "signed_16": tiff_bytes((sixteen.astype(int) - 32768).astype(np.int16)),
        "thirty_two": tiff_bytes(sixteen.astype(np.uint32) * 50_000),
        "float_deflate_predictor": tiff_bytes(real, compression="zlib", predictor=True),
        "float_64": tiff_bytes(real.astype(np.float64)),
        "rgb_lzw_strips": tiff_bytes(rgb, compression="lzw", predictor=True, rowsperstrip=4, photometric="rgb"),
        "rgb_tiles": tiff_bytes(rgb, tile=(16, 16), compression="zlib", photometric="rgb"),
        "rgb_planes": tiff_bytes(
            rgb.transpose(2, 0, 1), planarconfig="separate", photometric="rgb", compression="packbits"
        ),
        "rgb_16": tiff_bytes(rgb.astype(np.uint16) * 257, photometric="rgb"),
        "rgba": tiff_bytes(rgba, photometric="rgb", extrasamples=["unassalpha"]),
        "big_tiff": tiff_bytes(eight, bigtiff=True, rowsperstrip=5),
        "palette": pillow_bytes(picture.quantize(32)),
        "one_bit": pillow_bytes(Image.fromarray(eight).convert("1")),
        "one_bit_packbits": pillow_bytes(Image.fromarray(eight).convert("1"), compression="packbits"),
        "turned": pillow_bytes(picture, exif=turned),
        "lzw_long": tiff_bytes(np.tile(eight, (12, 9)), compression="lzw"),
        "pages": pillow_bytes(
            picture, save_all=True, append_images=[Image.fromarray(255 - rgb)], compression="tiff_lzw"
        ),
    }
    return {f"{name}.tif": data for name, data in files.items()}


def make_tiff(folder: Path) -> list[dict]:
    rows = []
    for name, data in tiff_files().items():
        (folder / name).write_bytes(data)
        pages = 2 if name == "pages.tif" else 1
        for page in range(pages):
            rgb = rgb_of(data, page)
            rows.append(
                {
                    "file": f"made/{name}",
                    "page": page,
                    "pages": pages,
                    "size": [rgb.shape[1], rgb.shape[0]],
                    "rgb": sha256(rgb, "u1"),
                }
            )
    return rows
