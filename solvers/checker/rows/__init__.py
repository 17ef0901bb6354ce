"""For each problem: the exact rows of a question, and the exact value of a solution, from an instance's canonical JSON.

Written from the problem's page; nothing of the models is used here.
"""
