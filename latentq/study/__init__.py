"""The study: every model and control on the same images and seeds, compared by a written rule."""
