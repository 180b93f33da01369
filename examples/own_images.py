"""Own images: three drawn shapes are three classes, and a model learns to draw a given one.

python examples/own_images.py FOLDER [key=value ...]
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from latentq.config.compose import load_config
from latentq.data import open_data
from latentq.models import storage
from latentq.report import plots
from latentq.training import workflow

here, settings = Path(sys.argv[1]), sys.argv[2:]
for shape in ("ellipse", "line", "rectangle"):
    (here / "shapes" / shape).mkdir(parents=True)
    for i in range(40):
        picture = Image.new("L", (64, 48))
        getattr(ImageDraw.Draw(picture), shape)((i % 9, i % 5, 40 + i % 7, 30 + i % 8), fill=255)
        picture.save(here / "shapes" / shape / f"{i}.png")
options = ["data=folder", f"data.path={here}/shapes", "data.limit=null", f"run.root={here}"]
options += ["model.conditional=true", "metrics.features=checkpoints/features"]
config = load_config([*options, "images.iterations_per_epoch=200", *settings], "debug")
data = open_data(config["data"], 32, config["seed"], config["images"]["iterations_per_epoch"])
workflow.work(run := workflow.open_run(config, data), data)
images = storage.load(run.folder).sample(30, label=2)  # type: ignore[operator]
plots.save_samples(images, here / "rectangles.png", "rectangles")
