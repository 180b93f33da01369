"""Measure images without a model: FID and its companions between two sets."""

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import interpolate

import latentq

small = torch.tensor(load_digits().images[:600], dtype=torch.float32)[:, None] / 16
images = interpolate(small, size=(20, 20), mode="bilinear").clamp(0, 1)
images = torch.nn.functional.pad(images, (4, 4, 4, 4))
reference, others = images[0::2], images[1::2]
noise = torch.randn(others.shape, generator=torch.Generator().manual_seed(0))

same = latentq.evaluate(others, reference)
noisy = latentq.evaluate((others + 0.3 * noise).clamp(0, 1), reference)

print(f"FID of other digits {same['fid']:.1f}, of noisy ones {noisy['fid']:.1f}")
print(f"coverage of other digits {same['coverage']:.3f}, of noisy ones {noisy['coverage']:.3f}")
