"""The model, and how its answers look to the clients of POST /predict."""

from windlass_training.pictures.classifier import PictureClassifier
from windlass_training.systems.plant.features import LABELS, SIDE

RESPONSE = {
    "predict": {
        "prediction": {"from": "label"},
        "confidence": {"from": "confidence"},
        "probabilities": {"from": "probabilities"},
        "processing_time": {"from": "durationSeconds"},
    },
    "health": {
        "status": {"from": "constant", "value": "healthy"},
        "model_loaded": {"from": "modelLoaded"},
        "uptime_seconds": {"from": "uptimeSeconds"},
        "version": {"from": "version"},
    },
    "errors": "detail",
}

CARD = """\
Whether a leaf is healthy, or has powdery mildew or rust, from one picture of it. A convolutional network of five blocks
(convolution, batch normalization, ReLU, pooling) on 256 x 256 pixels, scaled to 0..1 inside the graph; trained on
pictures that are mirrored, turned, zoomed and lit otherwise each time, until the validation loss stops falling.

Made for sorting pictures of single leaves on a plain background, as those it was trained on. It has no class for
anything else: a picture of another disease, another plant or no plant at all gets one of the three answers, and often a
confident one. Few pictures of the field are among the data; expect less there.

**What the figures do not show.** All pictures of powdery mildew are of cherry, and no cherry has rust. Whoever can tell
a cherry leaf from an apple leaf has answered half of the question without seeing any disease: `accuracy_species_only`
is what somebody reaches who knows the species and nothing else. Judge the model by `accuracy_cherry` and
`balanced_accuracy_cherry` (Healthy against Powdery on leaves of one species) and by the other species, each by itself.
Mildew on apple or corn has never been seen, and no figure here says how it would be answered.

Cherry alone is no clean test either: healthy and mildewed cherry leaves were photographed before different backgrounds,
and somebody who sees nothing but the outermost 16 pixels tells them apart (`accuracy_frame_only`, and the table below).
A network that is trained without a precaution does just that: it had all of the test split right, and with what lies
around the middle exchanged between healthy and mildewed leaves, 3 of 54 cherry leaves. So most leaves are laid on
made-up backgrounds in training, and
`balanced_accuracy_cherry_other_background` says what is left when the background cannot help. Trust that figure more
than `accuracy`. Differences in focus and light between the two groups of photographs may still help it.

**The gates.** The test split is small: at 95 % of 114 right, the interval is still eight points wide, so a limit near
the value would pass and fail equal models by luck. Accuracy has to reach .85; the lower end of its interval has to lie
above what the species alone gives (`margin_over_species` above 0); and on cherry alone, before other backgrounds, the
mean recall has to be above .75, where a model that had only learnt species or backgrounds has .5.
"""

RECIPE = PictureClassifier(name="PlantDisease", labels=LABELS, side=SIDE, response=RESPONSE, card=CARD)
