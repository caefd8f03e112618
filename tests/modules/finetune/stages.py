"""A schedule with every option of a training step, on embeddings, activations and pixels."""

from modules.settings import MlpHead, Stage
from tests.modules.bench import stage

# Its masks are drawn for the whole batch, and each device gets those of its rows.
HEAD = MlpHead(hidden_units=(16,), dropout=0.2)
STAGES: list[Stage] = [
    # 240 images: the last batch has 5.
    stage(
        name="head",
        batch_size=47,
        learning_rate=3e-3,
        l2=0.01,
        dropout=0.2,
        class_weights="balanced",
    ),
    # The last batch has one row, less than there are replicas.
    stage(name="partial", unfreeze={"last": 2}, batch_size=239, l2=0.01, layer_decay=0.5),
    stage(
        name="full",
        unfreeze="all",
        epochs=3,
        batch_size=239,
        optimizer="adamw",
        ema=0.3,
        l2_sp=0.01,
        label_smoothing=0.1,
        learning_rate={"peak": 3e-3, "warmup_epochs": 1, "decay": "cosine"},
        augmentation={"crop": 0.8, "mixup": 0.2},
        early_stopping={"patience": 1, "min_delta": 10.0},
    ),
]
KINDS = ["embeddings", "activations", "none"]
"""What each stage keeps, whether it is shared out or not."""
