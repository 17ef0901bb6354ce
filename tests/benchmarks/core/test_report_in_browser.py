"""The report in a real browser, offline: no error, figures with data, tables that sort and filter."""

from __future__ import annotations

import base64
import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench_rows import baseline, row
from fairbound.benchmarks.core.report import report

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
    assert {"cep-profile", "cep-seconds", "cep-root-gaps", "cep-growth", "cep-heuristics", "cep-gap-1"} <= set(shown)
    for name in shown:
        if name.startswith("cep-gap-") and name != "cep-gap-1":
            continue  # hidden until it is chosen
        opened.execute_script("document.querySelector(`[data-figure='${arguments[0]}']`).scrollIntoView()", name)
        marks = ".scatterlayer .point, .scatterlayer .js-line"
        wait(opened, f"return document.querySelectorAll(\"[data-figure='{name}'] :is({marks})\").length > 0")
    dots = "return document.querySelectorAll(\"[data-figure='cep-heuristics'] .point\").length"
    assert opened.execute_script(dots) == 20 + 1  # one for each question and the median


def test_another_question_is_chosen(opened: Any) -> None:
    script = """
      const select = document.querySelector("[data-choose]");
      select.selectedIndex = 3;
      select.dispatchEvent(new Event("change"));
      const shown = [...document.querySelectorAll("[data-chosen] [data-figure]")].filter(f => f.offsetParent);
      shown[0].scrollIntoView();
      return [select.value, shown.map(f => f.dataset.figure)];
    """
    value, shown = opened.execute_script(script)
    assert shown == [value]
    wait(opened, f"return document.querySelectorAll(\"[data-figure='{value}'] .js-line\").length > 0")


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
    pdf = opened.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(pdf["data"]).startswith(b"%PDF")
    drawn = "return [...document.querySelectorAll('[data-figure]')].every(f => f.querySelector('.main-svg'))"
    assert opened.execute_script(drawn)


def test_nothing_is_fetched(opened: Any) -> None:
    fetched = json.loads(opened.execute_script("return JSON.stringify(performance.getEntriesByType('resource'))"))
    assert [entry["name"] for entry in fetched if not entry["name"].startswith(("data:", "blob:"))] == []
