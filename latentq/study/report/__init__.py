"""A study -> report.html, report.md, report.json and data/*.csv: the verdict and all it stands on.

.. code-block:: text

    findings    the numbers of the study, summarised, with the verdicts
    records     what is behind each figure and table, as flat rows, for CSV and JSON
    wording     the sentences, all computed
    tables      the tables
    figures     the charts and the pictures of the jobs, inlined
    provenance  where the numbers come from, and what they cannot say
    document    the sections in order
    build       the files, all or none

Run it as `python -m latentq.study.report root=study [out=FOLDER]`.
"""
