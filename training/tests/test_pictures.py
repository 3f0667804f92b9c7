"""Pictures before a network sees them: decoding, folders, what is wrong with them, what they are measured by."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from windlass_training.cli import main
from windlass_training.errors import TrainingError
from windlass_training.pictures.augment import augment
from windlass_training.pictures.controls import frame_guess, other_backgrounds, species_guess
from windlass_training.pictures.decode import UnreadablePictureError, decode
from windlass_training.pictures.folder import (
    Picture,
    PictureFolder,
    folder_digest,
    read_folder,
    read_picture,
    require_fit,
)
from windlass_training.pictures.leaf import leaf_mask, on_background
from windlass_training.pictures.metrics import Judged, confusion, species_report, wilson
from windlass_training.pictures.picture_system import write_folder
from windlass_training.pictures.reference import property_bins
from windlass_training.pictures.settings import Augmentation
from windlass_training.pictures.validation import folder_report
from windlass_training.systems import load_system
from windlass_training.systems.plant.features import LABELS, SIDE
from windlass_training.systems.plant.generate import generate
from windlass_training.train import system_config

STILL = Augmentation(turn=False, zoom=0, brightness=0, contrast=0, colour=0, background=0, blur=0)


@pytest.fixture(scope="module")
def made() -> PictureFolder:
    return generate(36, 5)


@pytest.fixture
def folder(made: PictureFolder, tmp_path: Path) -> Path:
    write_folder(made, tmp_path / "leaves")
    return tmp_path / "leaves"


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


def rules(data: PictureFolder) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in folder_report(data).findings:
        found.setdefault(f"{finding.severity} {finding.rule}", []).append(f"{finding.column} {finding.message}")
    return found


def test_a_picture_is_turned_as_its_exif_says_before_it_is_measured() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (40, 20), "red")
    decoded = decode(encoded(picture, "JPEG", exif=exif), 32)
    assert (decoded.width, decoded.height) == (20, 40)
    assert decoded.pixels.shape == (32, 32, 3)


def test_grey_of_16_bits_keeps_its_upper_half() -> None:
    grey = Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16))
    assert decode(encoded(grey, "PNG"), 8).pixels.max() == 40_000 >> 8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"GIF89a and so on", "is no JPEG, PNG or WebP"),
        (encoded(Image.new("RGB", (9, 9)), "GIF"), "is no JPEG, PNG or WebP"),
        (encoded(Image.effect_noise((90, 90), 50).convert("RGB"), "JPEG")[:900], "is broken or cut short"),
        (encoded(Image.new("1", (8000, 7000)), "PNG"), "has 8000 x 7000 pixels; the limit is 50000000"),
    ],
    ids=["empty", "text", "another format", "cut short", "too large"],
)
def test_what_a_runtime_would_refuse_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadablePictureError, match=reason):
        decode(content, 16)


def test_generated_pictures_have_the_real_data_s_folders_and_species(made: PictureFolder) -> None:
    species = {label: {p.species for p in made.pictures if p.label == label} for label in LABELS}
    assert species == {"Healthy": {"apple", "cherry", "corn"}, "Powdery": {"cherry"}, "Rust": {"apple", "corn"}}
    assert len(made.pictures) == 36
    assert set(made.counts()) == {(split, label) for split in ("Train", "Validation", "Test") for label in LABELS}


def test_the_same_seed_gives_the_same_pictures_and_another_one_others(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("same", 5), ("other", 6)):
        assert main(["generate", "plant", "--rows", "36", "--seed", f"{seed}", "--out", str(tmp_path / name)]) == 0
    digests = [folder_digest(path, LABELS) for path in (folder, tmp_path / "same", tmp_path / "other")]
    assert digests[0] == digests[1] != digests[2]


def test_a_folder_is_read_as_it_was_written(made: PictureFolder, folder: Path) -> None:
    (folder / "Train/Rust/.DS_Store").write_bytes(b"x")
    read = read_folder(folder, LABELS, SIDE)
    assert sorted(p.path for p in read.pictures) == sorted(p.path for p in made.pictures)
    assert (read.skipped, read.missing, read.foreign) == ([], [], [])
    require_fit(read)


def test_a_file_that_is_no_picture_is_left_out_by_name(folder: Path) -> None:
    (folder / "Train/Rust/notes.jpg").write_text("not a leaf")
    read = read_folder(folder, LABELS, SIDE)
    require_fit(read)
    assert rules(read)["warning unreadable-picture"] == ["Train/Rust/notes.jpg is no JPEG, PNG or WebP"]


def test_many_files_that_are_no_pictures_are_an_error(folder: Path) -> None:
    for i in range(5):
        (folder / f"Train/Rust/{i}.jpg").write_bytes(b"")
    read = read_folder(folder, LABELS, SIDE)
    assert len(rules(read)["error unreadable-picture"]) == 5
    with pytest.raises(TrainingError, match=r"5 of 41 files cannot be read .*Train/Rust/0\.jpg is empty"):
        require_fit(read)


def test_missing_empty_and_unknown_classes_are_named_all_at_once(folder: Path) -> None:
    for file in (folder / "Test/Rust").iterdir():
        file.unlink()
    (folder / "Validation/Powdery").rename(folder / "Validation/Mildew")
    read = read_folder(folder, LABELS, SIDE)
    found = rules(read)
    assert found["error missing-folder"] == ["Validation/Powdery the folder is not there"]
    assert found["error empty-class"][0].startswith("Test/Rust no picture is in it")
    assert found["error unknown-class"][0].startswith("Validation/Mildew the model knows Healthy, Powdery, Rust")
    with pytest.raises(TrainingError) as refused:
        require_fit(read)
    for named in ("Validation/Powdery", "Test/Rust", "Validation/Mildew"):
        assert named in f"{refused.value}"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "no such folder"),
        (".", "leaves has them: name that one"),
        ("leaves/Train", "has none of the folders"),
    ],
)
def test_a_folder_that_does_not_fit_ends_with_status_1(
    path: str, message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    assert main(["train", "plant", "--data", str(tmp_path / path), "--out", str(tmp_path / "bundle")]) == 1
    assert message in capsys.readouterr().err


def test_a_missing_split_ends_with_status_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Validation").rename(folder.parent / "elsewhere")
    assert main(["train", "plant", "--data", str(folder), "--out", str(folder.parent / "bundle")]) == 1
    assert "Validation/Healthy, Validation/Powdery, Validation/Rust are missing" in capsys.readouterr().err


def test_a_folder_that_is_not_empty_is_not_written_into(made: PictureFolder, folder: Path) -> None:
    with pytest.raises(TrainingError, match="not an empty folder"):
        write_folder(made, folder)


def test_species_come_from_the_manifest_before_the_file_name(folder: Path) -> None:
    first = next((folder / "Train/Rust").iterdir()).name
    rows = f"path,species\nleaves/Train/Rust/{first},quince\n"
    (folder.parent / "manifest.csv").write_text(rows)
    species = {p.path: p.species for p in read_folder(folder, LABELS, SIDE).pictures}
    assert species.pop(f"Train/Rust/{first}") == "quince"
    assert set(species.values()) == {"apple", "cherry", "corn"}


def test_a_picture_in_two_splits_or_two_classes_is_found(folder: Path) -> None:
    leaf, other = sorted((folder / "Train/Rust").iterdir())[:2]
    (folder / "Test/Rust/corn_again.jpg").write_bytes(leaf.read_bytes())
    (folder / "Train/Healthy/corn_again.jpg").write_bytes(other.read_bytes())
    found = rules(read_folder(folder, LABELS, SIDE))
    assert "Test/Rust/corn_again.jpg" in found["error leaking-splits"][0]
    assert "Train/Healthy/corn_again.jpg" in found["error contradicting-classes"][0]


def test_a_class_of_one_species_is_warned_of(made: PictureFolder) -> None:
    assert rules(made)["warning one-species"] == [
        "Powdery all are of cherry: who knows the species knows part of the answer; judge by species"
    ]


def test_bins_count_every_picture_once(made: PictureFolder) -> None:
    bins = property_bins(made.pictures)
    assert set(bins) == {"brightness", "contrast", "sharpness", "aspect", "size"}
    for counted in bins.values():
        assert sum(counted["counts"]) + counted["under"] + counted["over"] + counted["missing"] == 36
        assert counted["edges"] == sorted(set(counted["edges"]))


def test_augmentation_that_changes_nothing_changes_nothing(made: PictureFolder) -> None:
    pixels = made.pictures[0].pixels
    assert np.array_equal(augment(pixels, None, STILL, np.random.default_rng(1)), pixels.astype(np.float32))


def test_augmentation_repeats_itself_for_a_seed_and_stays_within_a_byte(made: PictureFolder) -> None:
    how = Augmentation(turn=True, zoom=0.3, brightness=0.3, contrast=0.3, colour=0.1, background=1, blur=2)
    pixels = made.pictures[0].pixels
    mask = leaf_mask(pixels)
    one, same, other = (augment(pixels, mask, how, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.dtype == np.float32
    assert one.shape == pixels.shape
    assert one.min() >= 0
    assert one.max() <= 255


def test_a_leaf_keeps_its_pixels_before_another_background(made: PictureFolder) -> None:
    pixels = made.pictures[0].pixels
    mask = leaf_mask(pixels)
    assert mask is not None
    assert mask[SIDE // 2, SIDE // 2]
    assert not mask[0, 0]
    laid = on_background(pixels, mask, np.random.default_rng(3))
    middle = slice(SIDE // 2 - 8, SIDE // 2 + 8)
    assert np.array_equal(laid[middle, middle], pixels[middle, middle])
    assert np.abs(laid[:9, :9].astype(int) - pixels[:9, :9]).mean() > 5


def test_a_picture_of_one_colour_has_no_leaf() -> None:
    assert leaf_mask(np.full((SIDE, SIDE, 3), 90, np.uint8)) is None


def leaf_before(shade: int, label: str, number: int) -> Picture:
    """A leaf of one green for both classes, before a background of its class."""
    random = np.random.default_rng(number)
    pixels = random.normal(shade, 3, (64, 64, 3))
    pixels[20:44, 20:44] = (60, 140, 50)
    content = encoded(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), "PNG")
    picture = read_picture(f"Train/{label}/cherry_{number}.png", content, SIDE)
    assert isinstance(picture, Picture)
    return picture


def test_a_background_that_gives_the_class_away_is_seen_by_the_frame_alone() -> None:
    leaves = [leaf_before(shade, label, i) for i in range(8) for shade, label in ((90, "Healthy"), (150, "Powdery"))]
    labels = np.array([leaf.label for leaf in leaves])
    assert (frame_guess(leaves, leaves) == labels).all()
    assert (species_guess(leaves, leaves) == labels).mean() == 0.5
    laid, chosen = other_backgrounds(leaves)
    assert len(laid) == len(chosen) == len(leaves)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(5, 10, 0.2366, 0.7634), (0, 10, 0.0, 0.2775), (114, 114, 0.9674, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_s_interval_has_the_published_values(right: int, total: int, low: float, high: float) -> None:
    interval = wilson(right, total)
    assert interval.low == pytest.approx(low, abs=1e-4)
    assert interval.high == pytest.approx(high, abs=1e-4)


def test_a_species_is_judged_by_the_classes_that_it_has() -> None:
    sure = np.eye(3, dtype=np.float32)
    judged = Judged(
        labels=LABELS,
        classes=np.array([0, 0, 0, 1, 2, 2]),
        probabilities=sure[[0, 0, 1, 1, 2, 0]],
        species=np.array(["cherry", "cherry", "cherry", "cherry", "corn", "corn"]),
    )
    report = species_report(judged)
    assert (report["cherry"]["right"], report["cherry"]["pictures"]) == (3, 4)
    assert report["cherry"]["recall"] == {"Healthy": pytest.approx(2 / 3, abs=1e-6), "Powdery": 1.0}
    assert report["cherry"]["balancedAccuracy"] == pytest.approx(5 / 6, abs=1e-6)
    assert report["corn"]["recall"] == {"Rust": 0.5}
    assert confusion(judged) == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[model.network]\nwidht = 4", "model.network.widht is an unknown key"),
        ("[split]\ntest_share = 0.5", "the folders Train, Validation and Test are the split"),
        ("[model.augmentation]\nzoom = 1.0", "model.augmentation.zoom must be below 1; it is 1.0"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(toml: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(toml)
    with pytest.raises(TrainingError, match=message):
        system_config(load_system("plant"), file)
