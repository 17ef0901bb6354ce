"""Pages are tests too: their blocks are run."""

from page_blocks import page_tests

pytest_collect_file = page_tests("docs/*.md", "docs/gallery/*.md", "README.md").pytest()
