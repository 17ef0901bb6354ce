"""The reference library: the best proven answer of each question, and what others need to use and to beat it.

``table`` is the table, ``checking`` confirms its rows, ``growing`` takes answers into it, ``submission`` those of
others; ``statistics`` and ``outside`` measure models and engines, ``files``, ``metadata`` and ``export`` write them out.
"""
