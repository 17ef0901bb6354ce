"""Problems: what is asked, how an answer is scored, and the formulations. Nothing here solves.

A new problem is a folder of its name on each floor, and one word here.
"""

PROBLEMS = ("cep", "transfers", "blocks", "applicants", "classes", "matching", "designs", "scores", "grants")
"""Names of the problems; each floor has a folder of that name."""
