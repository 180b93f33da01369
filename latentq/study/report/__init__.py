"""A study -> report.html, report.md, report.json, `data/*.csv`: the verdict and all it stands on.

.. code-block:: text

    findings    the numbers of the study, summarised, with the verdicts
    frames      what is behind each figure and table, as frames
    tables      the tables that show it
    wording     the sentences, all computed
    images      the charts and the pictures of the jobs, inlined
    tuning      the log of the tuning
    price       what the training would take on a machine
    provenance  where the numbers come from, and what they cannot say
    document    the sections in order, and the files

Run it as `python -m latentq.study.report root=study[,study] [out=FOLDER]`.
"""
