"""The report in a real browser, offline: no error, figures with data, tables that sort and filter."""

from __future__ import annotations

import base64
import csv
import importlib.util
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench_rows import baseline, data_of, row
from fairbound.benchmarks.core.figure import Axis, Figure, Mark, Series
from fairbound.benchmarks.core.page import Part, write_page
from fairbound.benchmarks.core.report import report
from fairbound.benchmarks.core.report_tables import Column, Table, cell_text

from fairbound.cli.page import columns, document, items, pairs

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"),
    pytest.mark.skipif(importlib.util.find_spec("selenium") is None, reason="needs selenium"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = []
    for i in range(20):
        question = {"digest": f"d{i}", "instance": f"cep/hand{i}"}
        rows += [
            row(method="membership", total_seconds=1.0 + i, model_columns=10 + i, **question),
            row(method="levels", total_seconds=40.0 - i, model_columns=30 + i, **question),
            row(
                method="levels", relaxed=True, relaxation=101.0 + i, status="relaxation", primal_bound=None, **question
            ),
            baseline("alone", primal_bound=str(99 - i), **question),
        ]
    return report(rows, tmp_path_factory.mktemp("report"), "Looked at", static=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, page: Path) -> Iterator[Any]:
    browser.get_log("browser")
    screen(browser, 1280, 900)
    browser.get(page.as_uri())
    wait(browser, "return document.documentElement.dataset.ready === 'yes'")
    yield browser
    assert browser.get_log("browser") == []


def screen(browser: Any, width: int, height: int, mobile: bool = False) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def prefer(browser: Any, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def wait(browser: Any, script: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    until: Callable[[Any], Any] = lambda driver: driver.execute_script(script)  # noqa: E731
    WebDriverWait(browser, 60).until(until)


def cells(browser: Any, table: str, column: int) -> list[str]:
    script = "return [...document.querySelectorAll(`[data-table='${arguments[0]}'] tbody tr`)]"
    found: list[str] = browser.execute_script(
        script + ".map(line => line.children[arguments[1]].textContent)", table, column
    )
    return found


def test_figures_show_their_data(opened: Any, page: Path) -> None:
    shown = opened.execute_script("return [...document.querySelectorAll('[data-figure]')].map(f => f.dataset.figure)")
    names = ("profile", "gap-1", *(f"{one}-reimbursement" for one in ("seconds", "root-gaps", "growth", "heuristics")))
    assert {f"cep-{name}" for name in names} <= set(shown)
    for name in shown:
        if name.startswith("cep-gap-") and name != "cep-gap-1":
            continue  # hidden until it is chosen
        opened.execute_script("document.querySelector(`[data-figure='${arguments[0]}']`).scrollIntoView()", name)
        marks = ".scatterlayer .point, .scatterlayer .js-line"
        wait(opened, f"return document.querySelectorAll(\"[data-figure='{name}'] :is({marks})\").length > 0")
    dots = "return document.querySelectorAll(\"[data-figure='cep-heuristics-reimbursement'] .point\").length"
    assert opened.execute_script(dots) == 20 + 1  # one for each question and the median


def test_another_question_is_chosen(opened: Any) -> None:
    script = """
      const select = document.querySelector("[data-choose='cep-traces']");
      select.selectedIndex = 3;
      select.dispatchEvent(new Event("change"));
      const place = document.querySelector("[data-chosen='cep-traces']");
      const shown = [...place.querySelectorAll("[data-figure]")].filter(f => f.offsetParent);
      shown[0].scrollIntoView();
      return shown.map(f => f.dataset.figure);
    """
    assert opened.execute_script(script) == ["cep-gap-4"]
    wait(opened, "return document.querySelectorAll(\"[data-figure='cep-gap-4'] .js-line\").length > 0")


def test_tables_sort_both_ways(opened: Any) -> None:
    heads = "[data-table='cep-heuristics'] th button"
    labels = opened.execute_script(f'return [...document.querySelectorAll("{heads}")].map(b => b.textContent)')
    value = labels.index("value")
    click = f'document.querySelectorAll("{heads}")[arguments[0]].click()'
    opened.execute_script(click, value)
    assert [float(text) for text in cells(opened, "cep-heuristics", value)] == list(range(80, 95))
    opened.execute_script(click, value)
    assert [float(text) for text in cells(opened, "cep-heuristics", value)] == list(range(99, 84, -1))
    opened.execute_script(click, 0)  # text, with its numbers in their order
    assert cells(opened, "cep-heuristics", 0)[:3] == ["cep/hand0", "cep/hand1", "cep/hand2"]
    sorts = "return [...document.querySelectorAll(\"[data-table='cep-heuristics'] th\")].map(h => h.ariaSort)"
    assert opened.execute_script(sorts).count("ascending") == 1


def test_tables_filter_by_words_and_by_choice(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    place = opened.find_element(By.CSS_SELECTOR, "[data-table='solves']")
    count = place.find_element(By.CSS_SELECTOR, ".count")
    assert count.text == "80 rows"
    search = place.find_element(By.CSS_SELECTOR, "input")
    search.send_keys("HAND7 levels")
    assert count.text == "2 of 80 rows"
    search.send_keys(" nonsense")
    assert place.find_element(By.CSS_SELECTOR, "tbody").text == "Nothing matches."
    search.clear()
    search.send_keys(" ")
    choose = """
      const select = [...arguments[0].querySelectorAll("select")].find(s => s.ariaLabel === "method");
      select.value = "alone";
      select.dispatchEvent(new Event("change"));
    """
    opened.execute_script(choose, place)
    assert count.text == "20 of 80 rows"
    assert len(place.find_elements(By.CSS_SELECTOR, "tbody tr")) == 15
    opened.execute_script("arguments[0].querySelectorAll('.pager button')[1].click()", place)
    assert len(place.find_elements(By.CSS_SELECTOR, "tbody tr")) == 5


def test_light_and_dark(opened: Any) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    prefer(opened, "dark")
    wait(opened, "return document.documentElement.dataset.theme === 'dark'")
    assert opened.execute_script(background) == "rgb(20, 23, 27)"
    opened.execute_script("document.getElementById('theme').click()")
    assert opened.execute_script(background) == "rgb(247, 247, 245)"
    prefer(opened, "light")


def test_a_phone_is_wide_enough(opened: Any) -> None:
    screen(opened, 390, 844, mobile=True)
    wait(opened, "return innerWidth === 390")
    assert opened.execute_script("return document.documentElement.scrollWidth") == 390


def test_it_prints_every_figure(opened: Any) -> None:
    every = "[...document.querySelectorAll('[data-figure]')].every(f => f.querySelector('.main-svg'))"
    opened.execute_script(f"addEventListener('beforeprint', () => {{ window.all = {every}; }})")
    assert not opened.execute_script(f"return {every}")  # those further down wait until they are looked at
    pdf = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(pdf["data"]).startswith(b"%PDF")
    assert opened.execute_script("return window.all")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two objectives, two engines that contradict one another once, refusals, wide tables."""
    rows = []
    nothing = {"primal_bound": None, "dual_bound": None, "gap": None, "total_seconds": None, "trace": "[]"}
    for i in range(30):
        question = {"digest": f"d{i}", "instance": f"cep/district{i}", "given": "threshold=0.40 days=180"}
        note = "a note of several words that is longer than a column should be"
        lp = {"relaxed": True, "status": "relaxation", "primal_bound": None}
        rows += [
            row(method="membership", total_seconds=1.0 + i, message=note, **question),
            row(method="membership@scip", engine="scip", engine_version="9.2", total_seconds=2.0, **question),
            row(method="levels", objective="students", total_seconds=3.0, nodes=123456789, **question),
            row(method="subsets", status="refused", message=f"{i + 13} schools are too many", **nothing, **question),
            row(method="levels", relaxation=100.0, **lp, **question),
            row(method="membership", relaxation=100.0 + i, **lp, **question),
            baseline("alone", primal_bound="1234567/50", objective="students", sense="minimize", **question),
        ]
    rows[1] = replace(rows[1], primal_bound="99", dual_bound="99", primal_float=99.0, dual_float=99.0)
    return report(rows, tmp_path_factory.mktemp("full"), "All there is", static=False)


def visit(browser: Any, page: Path) -> None:
    browser.get_log("browser")
    screen(browser, 1280, 900)
    browser.get(page.as_uri())
    wait(browser, "return document.documentElement.dataset.ready === 'yes'")


def test_refused_rows_are_folded(browser: Any, full: Path) -> None:
    visit(browser, full)
    fold = "document.querySelector('details.fold')"
    words = browser.execute_script(f"return [{fold}.open, {fold}.querySelector('summary').textContent]")
    assert words == [False, "refused: 30"]
    assert cells(browser, "cep-refused", 2) == ["30"]  # one reason, whatever its numbers
    solves = "document.querySelector(\"[data-table='solves']\")"
    count = f"return {solves}.querySelector('.count').textContent"
    assert browser.execute_script(count) == "180 rows"
    assert browser.execute_script(f"return {solves}.querySelector('.unfold').textContent") == "refused: 30"
    browser.execute_script(f"{solves}.querySelector('.unfold').click()")
    assert browser.execute_script(count) == "210 rows"


def test_engines_stand_beside_each_other(browser: Any, full: Path) -> None:
    visit(browser, full)
    heads = "[data-table='cep-engines'] th button"
    texts = "return [...document.querySelectorAll(arguments[0])].map(b => b.textContent)"
    assert browser.execute_script(texts, heads) == ["objective", "formulation", "highs", "scip", "agreement"]
    assert cells(browser, "cep-engines", 1) == ["membership", "subsets", "levels"]
    assert cells(browser, "cep-engines", 2)[1:] == ["refused", "30 / 30, 3.00 s"]
    assert cells(browser, "cep-engines", 3) == ["30 / 30, 2.00 s", "", ""]
    browser.execute_script("document.querySelectorAll(arguments[0])[2].click()", heads)
    assert cells(browser, "cep-engines", 1) == ["levels", "membership", "subsets"]  # by seconds, not by letters
    loud = "return [...document.querySelectorAll(\"[data-table='cep-engines'] .loud\")].map(c => c.textContent)"
    assert browser.execute_script(loud) == ["CONTRADICTION on 1: cep/district0 threshold=0.40 days=180"]


def test_a_gap_of_zero_has_a_line_of_its_own(browser: Any, full: Path) -> None:
    visit(browser, full)
    figure = "document.querySelector(\"[data-figure='cep-root-gaps-reimbursement']\")"
    browser.execute_script(f"{figure}.scrollIntoView()")
    wait(browser, f"return {figure}.querySelectorAll('.point').length > 0")
    ticks = browser.execute_script(f"return [...{figure}.querySelectorAll('.xtick text')].map(t => t.textContent)")
    assert ticks[0] == "0"
    assert {"1 %", "10 %"} <= set(ticks)
    middle = ".map(t => { const box = t.getBoundingClientRect(); return box.x + box.width / 2; })"
    marks = browser.execute_script(f"return [...{figure}.querySelectorAll('.xtick text')]{middle}")
    dots = browser.execute_script(f"return [...{figure}.querySelectorAll('.point')]{middle}")
    assert min(dots) == pytest.approx(marks[0], abs=2)
    assert sum(abs(dot - marks[0]) < 2 for dot in dots) == 30 + 1 + 1  # levels with its median, and one question


def test_the_toolbar_covers_nothing(browser: Any, full: Path) -> None:
    visit(browser, full)
    name = "[data-figure='cep-seconds-reimbursement']"
    browser.execute_script("document.querySelector(arguments[0]).scrollIntoView()", name)
    wait(browser, f'return document.querySelector("{name} .nsewdrag") !== null')
    # Both at one moment: figures above are drawn as they come into view, and push this one down.
    boxes = "return arguments[0].map(part => document.querySelector(part).getBoundingClientRect())"
    bar, plot = browser.execute_script(boxes, [f"{name} .modebar-group", f"{name} .nsewdrag"])
    assert bar["height"] > 0
    assert bar["bottom"] <= plot["top"] + 1


def test_a_legend_keeps_off_the_title_of_an_axis(browser: Any, full: Path) -> None:
    """Also in a window that has become wider, where the legend needs fewer lines."""
    visit(browser, full)
    name = "[data-figure='cep-profile']"
    screen(browser, 700, 900)
    browser.execute_script("document.querySelector(arguments[0]).scrollIntoView()", name)
    wait(browser, f'return document.querySelector("{name} .legend") !== null')
    screen(browser, 1280, 900)
    wait(browser, f'return document.querySelector("{name} .main-svg").getBoundingClientRect().width > 900')
    # The legend moves after its figure has the new width: what counts is where it comes to rest.
    edge = 'document.querySelector("{} {}").getBoundingClientRect().{}'
    wait(browser, f"return {edge.format(name, '.xtitle', 'bottom')} <= {edge.format(name, '.legendtext', 'top')}")


PRINTED = """
  dispatchEvent(new Event("beforeprint"));
  const seen = {};
  const range = document.createRange();
  for (const place of document.querySelectorAll("[data-table]")) {
    seen[place.dataset.table] = [...place.querySelectorAll("table")].map(table => ({
      heads: [...table.tHead.rows[0].cells].map(cell => cell.textContent),
      repeated: getComputedStyle(table.tHead).display,
      width: table.getBoundingClientRect().width,
      rows: table.tBodies[0].rows.length,
      broken: [...table.querySelectorAll("td.number, td:first-child")].filter(cell => {
        range.selectNodeContents(cell);
        return range.getClientRects().length > 1;
      }).length,
    }));
  }
  const open = document.querySelector("details").open;
  const drawn = [...document.querySelectorAll(".plot .main-svg")].map(svg => svg.getBoundingClientRect());
  dispatchEvent(new Event("afterprint"));
  const folded = !document.querySelector("details").open;
  const edges = [Math.min(...drawn.map(box => box.width)), Math.max(...drawn.map(box => box.right))];
  return [seen, open && folded, edges, document.querySelectorAll("[data-table] .tools").length];
"""
PAPER = 186 / 25.4 * 96 + 0.1
"""Pixels between the margins of the narrower of the usual papers, A4."""


def test_tables_fit_on_paper(browser: Any, full: Path) -> None:
    visit(browser, full)
    printed, folds, (narrowest, right), tools = browser.execute_script(PRINTED)
    assert folds
    assert narrowest > PAPER / 3
    assert right <= PAPER
    assert tools == len(printed)  # the screen's tables are back
    columns = {name: made["columns"] for name, made in data_of(full)["tables"].items()}
    for name, parts in printed.items():
        keys = [column["label"] for column in columns[name] if column["key"]]
        others = [column["label"] for column in columns[name] if not column["key"]]
        assert [label for part in parts for label in part["heads"] if label not in keys] == others
        for part in parts:
            assert set(keys) <= set(part["heads"])
            assert part["repeated"] == "table-header-group"
            assert part["width"] <= PAPER
            assert part["broken"] == 0
            assert part["rows"] == parts[0]["rows"] > 0
    assert len(printed["cep-comparison"]) > 1
    assert printed["solves"][0]["rows"] == 180


SAVED = """
  const done = arguments[1];
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => { blob.text().then(done); return make(blob); };
  const buttons = [...document.querySelectorAll(`[data-table='${arguments[0]}'] .tools button`)];
  buttons.find(button => button.textContent === "CSV").click();
  URL.createObjectURL = make;
"""


def test_the_page_saves_full_numbers(browser: Any, full: Path) -> None:
    visit(browser, full)
    for made in data_of(full)["tables"].values():
        saved = list(csv.DictReader(io.StringIO(browser.execute_async_script(SAVED, made["name"]))))
        assert saved
        for column in made["columns"]:
            for field in column["fields"] if column["kind"] != "text" else []:
                for line in saved:
                    assert re.fullmatch(r"(-?[\d.]+(e[+-]?\d+)?(/\d+)?)?", line[field]), field
    [first, *_] = csv.DictReader(io.StringIO(browser.execute_async_script(SAVED, "cep-heuristics")))
    assert (first["value"], first["value_exact"]) == ("24691.34", "1234567/50")
    [first, *_] = csv.DictReader(io.StringIO(browser.execute_async_script(SAVED, "cep-answers")))
    assert (first["best_value"], first["best_value_exact"]) == ("100", "100")


def test_numbers_are_written_by_the_same_rules(browser: Any, tmp_path: Path) -> None:
    """What the page writes of floats is what captions, hover texts and LaTeX write."""
    values = [0.0, 1e-7, 1.23456789e-5, 0.00123456, 0.0999, 0.12345678, 0.5, 1.0, 2.5, 12.3456, 99.996, 100.5, 1234.5]
    kinds = ("int", "seconds", "percent", "mb", "value")
    table = Table("numbers", "Numbers", tuple(Column(kind, kind) for kind in kinds), tuple((v,) * 5 for v in values))
    made = write_page(tmp_path, "numbers", "Numbers", "", [], [Part("a", "A", (), tables=[table])])
    visit(browser, made)
    for i, kind in enumerate(kinds):
        unit = {"percent": " %", "mb": " MB"}.get(kind, "")
        expected = [cell_text(value, kind) + (unit if value or kind == "mb" else "") for value in values]
        assert cells(browser, "numbers", i) == expected, kind


def test_a_map_names_its_areas_and_schools(browser: Any, tmp_path: Path) -> None:
    hidden = Axis("", hidden=True)
    zone = Series("zone of North", (0, 1, 1, 0), (0, 0, 1, 0), Mark.AREA, colour="#123456")
    site = Series("school", (0.5,), (0.4,), Mark.SITES, ("school North: 9 seats",), labels=("North",))
    figure = Figure("map", "A map", "Zones.", hidden, hidden, (zone, site))
    made = write_page(tmp_path, "map", "Map", "", [], [Part("a", "A", (), figures=[figure])])
    visit(browser, made)
    wait(browser, "return document.querySelectorAll('.legendtext').length > 0")
    texts = "return [...document.querySelectorAll(arguments[0])].map(t => t.textContent)"
    assert sorted(browser.execute_script(texts, ".legendtext")) == ["school", "zone of North"]
    assert browser.execute_script(texts, ".textpoint text") == ["North"]
    squares = "return [...document.querySelectorAll('.legendpoints path')].map(p => p.style.fill)"
    assert "rgb(18, 52, 86)" in browser.execute_script(squares)


def test_nothing_is_fetched(opened: Any) -> None:
    fetched = json.loads(opened.execute_script("return JSON.stringify(performance.getEntriesByType('resource'))"))
    assert [entry["name"] for entry in fetched if not entry["name"].startswith(("data:", "blob:"))] == []


def test_names_of_any_length_stay_on_a_page_to_print(browser: Any, tmp_path: Path) -> None:
    name = "x" * 300
    parts = [
        f"<h1>{name}</h1>",
        items([f"{name} is outside"]),
        pairs([("a", name)]),
        columns([{"school": name, "students": "191,032,060.3532"}, {"school": "b", "students": "1"}]),
    ]
    (tmp_path / "board.html").write_text(document(name, parts), encoding="utf-8")
    screen(browser, 800, 900)
    browser.get((tmp_path / "board.html").as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") == 800
