"""The improved QuDDPM of arXiv 2512.06695 against the original one."""
