"""Runs -> report.html, report.md and report.json: what the numbers say, and what they do not.

.. code-block:: text

    runs        reads finished run folders, checks them, and sorts them into comparable groups
    statistics  means, t-intervals and the verdict on a difference
    wording     numbers and verdicts as text
    tables      the tables of one group
    pictures    charts, and the pictures of the runs, inlined
    document    the sections of the report, in order, as blocks
    render      blocks -> HTML and Markdown, groups -> JSON, all files or none

Run it as `python -m latentq.report FOLDER ... [out=FOLDER]`.
"""
