"""Runs -> report.html, report.md and report.json: what the numbers say, and what they do not.

.. code-block:: text

    statistics  means, t-intervals, Holm's method and the verdict on a difference
    blocks      what a page is made of
    tables      pandas frames -> tables of a page, CSV, Markdown
    pages       blocks -> HTML and Markdown, all files or none
    plots       all pictures, and the palette

    finished    reads finished run folders and checks them
    grouping    sorts them into comparable groups
    wording     numbers and verdicts as text
    scores      the tables of one group
    images      charts, and the pictures of the runs, inlined
    provenance  where the numbers come from, and what they cannot say
    facts       what was found, for JSON
    comparison  the sections of the report in order

The first part serves the study and the experiments too. Run the second one as
`python -m latentq.report FOLDER ... [out=FOLDER]`.
"""
