"""The reference library: the best proven answer of each question, and what others need to use and to beat it.

``table`` is the table, ``checking`` confirms its rows, ``growing`` takes answers of runs into it, ``submission`` those
of others; ``models``, ``statistics`` and ``outside`` are about the files of rows and what engines say of them;
``library`` and ``metadata`` write all of it out for others.
"""
