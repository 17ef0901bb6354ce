"""Problems: what is asked, how an answer is scored, and the formulations. Nothing here solves.

A new problem is a folder of its name on each floor, and one line here.
"""

PROBLEMS = {
    "cep": "group a district's schools for federal meals (Community Eligibility Provision)",
    "transfers": "move students between neighbouring districts so that districts resemble one another",
    "blocks": "assign whole units of a city to schools: seats, travel, connected zones, and fair shares",
    "applicants": "divide a school's applicants between it and others so that races and incomes balance",
    "classes": "let as few students as possible change their type of class so that groups score alike",
    "matching": "compare as many treated students as possible with others who look alike, in exact balance",
    "designs": "divide a small cohort into two groups that look alike before anybody is treated",
    "scores": "foretell a district's next score by a linear model of few features, proven to be the best one",
    "grants": "grant a pot of money to districts and functions so that the worst tenth gains most, at stated effects",
}
"""Names of the problems, each with what it decides; each floor has a folder of that name."""
