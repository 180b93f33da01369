"""A study -> report.html, report.md, report.json, `data/*.csv`: the verdict and all it stands on.

.. code-block:: text

    findings    the numbers of the study, summarised, with the verdicts
    tables      what is behind each figure and table, as frames, and the tables that show it
    wording     the sentences, all computed
    images      the charts and the pictures of the jobs, inlined
    provenance  where the numbers come from, and what they cannot say
    document    the sections in order, and the files

Run it as `python -m latentq.study.report root=study [out=FOLDER]`.
"""
