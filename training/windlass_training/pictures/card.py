"""The part of a model card that is particular to pictures: by species, by class, what confounds them."""

import numpy as np

from windlass_training.pictures.folder import PictureFolder
from windlass_training.pictures.metrics import Controls, Judged, confusion, per_class, species_report, wilson
from windlass_training.pictures.validation import confound_findings


def particulars(data: PictureFolder, judged: Judged, controls: Controls) -> str:
    warnings = [f"- {finding.column}: {finding.message}" for finding in confound_findings(data)]
    skipped = [f"- left out: {skipped}" for skipped in data.skipped]
    return "\n\n".join(
        section
        for section in (
            by_species(judged),
            by_class(judged),
            by_control(judged, controls),
            titled("What this data confounds", warnings),
            titled("Files that could not be read", skipped),
        )
        if section
    )


def titled(title: str, lines: list[str]) -> str:
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def by_species(judged: Judged) -> str:
    rows = [
        f"| {species} | {found['right']} of {found['pictures']} | {found['accuracy']:.3f} | "
        f"{found['low']:.3f} to {found['high']:.3f} | "
        f"{', '.join(f'{label} {recall:.3f}' for label, recall in found['recall'].items())} |"
        for species, found in species_report(judged).items()
    ]
    right, total = int(judged.right.sum()), len(judged.classes)
    every = wilson(right, total)
    rows.append(f"| all | {right} of {total} | {right / total:.3f} | {every.low:.3f} to {every.high:.3f} | |")
    head = ["| species | right | accuracy | 95 % interval | recall |", "| --- | --- | --- | --- | --- |"]
    return titled("By species (Wilson intervals)", [*head, *rows])


def by_class(judged: Judged) -> str:
    counts = confusion(judged)
    head = f"| true class | {' | '.join(f'said {label}' for label in judged.labels)} | precision | recall | F1 |"
    rows = [
        f"| {label} | {' | '.join(map(str, counts[i]))} | {precision:.3f} | {recall:.3f} | {f1:.3f} |"
        for i, (label, (precision, recall, f1)) in enumerate(per_class(judged).items())
    ]
    return titled("By class", [head, "| --- |" + " --- |" * (len(judged.labels) + 3), *rows])


def by_control(judged: Judged, controls: Controls) -> str:
    laid = len(controls.other_background.classes)
    rows = [
        f"| {species or 'all'} | {' | '.join(f'{share.mean():.3f}' if len(share) else '' for share in shares)} |"
        for species in (*species_report(judged), None)
        for shares in [control_shares(judged, controls, species)]
    ]
    return titled(
        "What the leaf contributes (accuracy)",
        [
            "| species | the model | from the species alone | from the frame alone | the model, other background |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            "The frame is the outermost 16 pixels: where it alone tells classes apart, they were photographed in",
            f"different places. The last column lays {laid} leaves on made-up plain backgrounds.",
        ],
    )


def control_shares(judged: Judged, controls: Controls, species: str | None) -> list[np.ndarray]:
    """Right or not, for each column of the table: bool [of the species, or all]."""
    laid = controls.other_background
    chosen, moved = (np.array([species in (None, each) for each in j.species], dtype=bool) for j in (judged, laid))
    truth = np.array(judged.labels)[judged.classes]
    guesses = (controls.species_guess == truth, controls.frame_guess == truth)
    return [judged.right[chosen], *(guess[chosen] for guess in guesses), laid.right[moved]]
