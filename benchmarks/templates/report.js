"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  // ---- theme -------------------------------------------------------------------------------
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let asked = null; // what the reader chose, before what the system prefers
  let printing = false;
  const isDark = () => !printing && (asked === null ? dark.matches : asked === "dark");
  const applyTheme = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    for (const element of drawn) draw(element);
  };
  document.getElementById("theme").addEventListener("click", () => {
    asked = isDark() ? "light" : "dark";
    applyTheme();
  });
  dark.addEventListener("change", applyTheme);

  // ---- numbers -----------------------------------------------------------------------------
  const few = (value, digits) => value.toLocaleString("en-US", { maximumFractionDigits: digits });
  const significant = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  const formats = {
    text: String,
    int: (value) => few(value, 1),
    seconds: (value) => (value >= 100 ? few(value, 0) : value >= 0.1 ? value.toFixed(2) : value.toFixed(4)),
    percent: (value) => (value === 0 ? "0" : `${significant(100 * value)} %`),
    mb: (value) => `${few(value, 0)} MB`,
    value: (value) => (Math.abs(value) < 1 ? String(Number(value.toPrecision(6))) : few(value, 4)),
  };
  const textOf = (cell, kind) => {
    if (cell === null || cell === "") return "";
    if (Array.isArray(cell)) return cell[0];
    return typeof cell === "number" ? formats[kind](cell) : cell;
  };
  const keyOf = (cell) => (Array.isArray(cell) ? cell[1] : cell === "" ? null : cell);

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const saveCsv = (name, header, rows) => {
    const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = [header, ...rows].map((row) => row.map((cell) => quote(String(cell ?? ""))).join(","));
    const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    make("a", { href: url, download: `${name}.csv` }).click();
    URL.revokeObjectURL(url);
  };

  // ---- tables: sort, filter, pages ---------------------------------------------------------
  const PAGE = 15;
  const FACET_MOST = 30;
  const printers = [];

  const buildTable = (place) => {
    const { name, title, columns, rows } = data.tables[place.dataset.table];
    const numeric = columns.map((column) => column.kind !== "text");
    const words = rows.map((row) =>
      row.map((cell, i) => textOf(cell, columns[i].kind)).join(" \u0001 ").toLowerCase());
    let order = rows.map((_, i) => i);
    let shown = order;
    let page = 0;
    let size = PAGE;
    let sorted = null;

    const search = make("input", { type: "search", placeholder: "Filter by words", ariaLabel: `Filter ${title}` });
    const count = make("span", { className: "count", role: "status" });
    const tools = make("div", { className: "tools" }, search);
    const facets = new Map();
    columns.forEach((column, i) => {
      if (!column.facet) return;
      const values = [...new Set(rows.map((row) => row[i]).filter((value) => value))].sort();
      if (values.length < 2 || values.length > FACET_MOST) return;
      const options = values.map((value) => make("option", { value }, value));
      const select = make("select", { ariaLabel: column.label }, make("option", { value: "" }, `${column.label}: all`), ...options);
      select.addEventListener("change", filter);
      facets.set(i, select);
      tools.append(select);
    });
    const save = make("button", { type: "button" }, "CSV");
    save.addEventListener("click", () =>
      saveCsv(name, columns.map((column) => column.label),
        shown.map((i) => rows[i].map((cell) => (Array.isArray(cell) ? cell[0] : cell)))));
    tools.append(save, count);

    const heads = columns.map((column, i) => {
      const button = make("button", { type: "button", title: column.help || column.label }, column.label);
      button.addEventListener("click", () => sort(i));
      return make("th", { scope: "col", className: numeric[i] ? "number" : "" }, button);
    });
    const body = make("tbody");
    const table = make("table", { ariaLabel: title }, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: title }, table);
    const back = make("button", { type: "button" }, "Back");
    const next = make("button", { type: "button" }, "Next");
    const where = make("span");
    back.addEventListener("click", () => { page -= 1; fill(); });
    next.addEventListener("click", () => { page += 1; fill(); });
    const pager = make("div", { className: "pager" }, where, back, next);

    function fill() {
      const pages = Math.max(1, Math.ceil(shown.length / size));
      page = Math.min(Math.max(page, 0), pages - 1);
      const lines = shown.slice(page * size, (page + 1) * size).map((r) =>
        make("tr", {}, ...rows[r].map((cell, i) => {
          const text = textOf(cell, columns[i].kind);
          const wide = !numeric[i] && text.length > 60;
          return make("td", { className: numeric[i] ? "number" : wide ? "wide" : "" }, text);
        })));
      body.replaceChildren(...lines);
      if (!lines.length) {
        const cell = make("td", { colSpan: columns.length, className: "empty" }, "Nothing matches.");
        body.replaceChildren(make("tr", {}, cell));
      }
      count.textContent = shown.length === rows.length
        ? `${rows.length.toLocaleString("en-US")} rows`
        : `${shown.length.toLocaleString("en-US")} of ${rows.length.toLocaleString("en-US")} rows`;
      pager.hidden = pages === 1;
      pager.style.display = pages === 1 ? "none" : "";
      where.textContent = `Page ${page + 1} of ${pages}`;
      back.disabled = page === 0;
      next.disabled = page === pages - 1;
    }

    function filter() {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = order.filter((r) =>
        wanted.every((word) => words[r].includes(word)) &&
        [...facets].every(([i, select]) => !select.value || rows[r][i] === select.value));
      page = 0;
      fill();
    }

    function sort(i) {
      const down = sorted === i && heads[i].ariaSort === "ascending";
      sorted = i;
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const keys = rows.map((row) => keyOf(row[i]));
      order = [...order].sort((a, b) => {
        const [one, other] = [keys[a], keys[b]];
        if (one === null || other === null) return (one === null) - (other === null); // nothing stands last
        if (typeof one === "number" && typeof other === "number") return sign * (one - other);
        return sign * String(one).localeCompare(String(other), "en", { numeric: true });
      });
      filter();
    }

    search.addEventListener("input", filter);
    printers.push((start) => {
      size = start ? Math.min(rows.length, 400) || PAGE : PAGE;
      fill();
    });
    place.replaceChildren(tools, scroll, pager);
    fill();
  };

  // ---- figures -----------------------------------------------------------------------------
  // Okabe and Ito's colours, and their lighter kin for dark pages; dashes and symbols say the same again.
  const COLOURS = {
    light: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"],
    dark: ["#56B4E9", "#FF9355", "#2DC8A0", "#EBA9CD", "#F2C14E", "#9DB7FF", "#C4C8CE"],
  };
  const DASHES = ["solid", "dash", "dashdot", "dot", "longdash", "5px,2px,1px,2px", "longdashdot"];
  const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x"];
  const MOST_NAMES = 12; // more series than this have no legend: a map of thirty zones
  const drawn = new Set();

  const trace = (series, i, figure, theme) => {
    const several = figure.series.some((other) => other.mark === "labels"); // small multiples
    const colour = series.colour || COLOURS[theme][i % COLOURS[theme].length];
    const base = { name: series.name, x: series.x, y: series.y, type: "scatter" };
    if (series.hover.length) Object.assign(base, { text: series.hover, hovertemplate: "%{text}<extra></extra>" });
    const line = { color: colour, width: 2.2, dash: DASHES[i % DASHES.length] };
    const marker = { color: colour, size: 8, symbol: SYMBOLS[i % SYMBOLS.length], opacity: 0.7 };
    switch (series.mark) {
      case "line": return { ...base, mode: "lines+markers", line, marker };
      case "steps": return { ...base, mode: "lines", line: { ...line, shape: "hv" } };
      case "points": return { ...base, mode: "markers", marker };
      case "ticks":
        return { ...base, mode: "markers",
          marker: { symbol: "line-ns", size: 16, line: { color: colour, width: 3.5 }, color: colour } };
      case "bars":
        return { ...base, type: "bar", textposition: "none", marker: { color: colour }, orientation: figure.y.categories.length ? "h" : "v" };
      case "dots": return { ...base, mode: "markers", showlegend: false, marker: { color: "#333333", size: 3 } };
      case "labels":
        return { ...base, mode: "text", text: series.hover, textposition: "top center", showlegend: false, hoverinfo: "skip", hovertemplate: null,
          cliponaxis: false, textfont: { size: 11 } };
      case "sites":
        return { ...base, mode: "markers",
          marker: { symbol: "star", size: several ? 8 : 15, color: "#000000", line: { color: "#ffffff", width: several ? 0.5 : 1.5 } } };
      default:
        return { ...base, mode: "lines", fill: "toself", fillcolor: colour, line: { color: "#ffffff", width: several ? 0.3 : 0.8 },
          hoverinfo: "skip", ...(series.hatch ? { fillpattern: { shape: series.hatch, fgcolor: "#333333", size: 6 } } : {}) };
    }
  };

  // Log scales with the marks 1, 2, 5 in plain numbers, or powers of ten where there is a long way to go.
  const logTicks = (values, narrow) => {
    const logs = values.filter((value) => value > 0).map(Math.log10);
    if (!logs.length) return {};
    const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
    const every = Math.max(1, Math.ceil((high - low) / (narrow ? 4 : 7)));
    const steps = high - low <= (narrow ? 2 : 3) ? [1, 2, 5] : [1];
    const marks = [];
    for (let power = low; power <= high; power += every) {
      for (const step of steps) marks.push(Number(`${step}e${power}`));
    }
    const plain = (value) => (value >= 1e6 || value < 1e-5 ? value.toExponential(0) : few(value, 5));
    return { tickmode: "array", tickvals: marks, ticktext: marks.map(plain) };
  };

  const axis = (spec, values, ink, narrow) => ({
    title: { text: spec.title, font: { size: 12 }, standoff: 8 },
    type: spec.categories.length ? "category" : spec.log ? "log" : "linear",
    ...(spec.categories.length
      ? { categoryorder: "array", categoryarray: [...spec.categories].reverse(), tickfont: { size: narrow ? 10 : 12 },
          range: [-0.6, spec.categories.length - 0.4] }
      : {}),
    ...(spec.percent ? { tickformat: "~%", rangemode: "tozero" } : {}),
    ...(spec.log ? logTicks(values, narrow) : {}),
    automargin: true, gridcolor: ink.grid, linecolor: ink.line, zerolinecolor: ink.line, visible: !spec.hidden,
  });

  // The library is text until a figure needs it: tables are there at once, figures follow.
  const library = () => {
    if (!window.Plotly) {
      document.head.append(make("script", { textContent: document.getElementById("plotly").textContent }));
    }
  };

  function draw(element) {
    library();
    const figure = data.figures[element.dataset.figure];
    const theme = isDark() ? "dark" : "light";
    const ink = theme === "dark"
      ? { text: "#e6e8eb", grid: "#343a42", line: "#6b7480", paper: "#1c2026" }
      : { text: "#1c2024", grid: "#e3e6ea", line: "#9aa3ad", paper: "#ffffff" };
    const plot = element.querySelector(".plot");
    const narrow = plot.clientWidth < 460;
    const map = figure.x.hidden && figure.y.hidden;
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: ink.text },
      margin: { l: 8, r: 14, t: 14, b: 8 },
      xaxis: axis(figure.x, figure.series.flatMap((series) => series.x), ink, narrow),
      yaxis: { ...axis(figure.y, figure.series.flatMap((series) => series.y), ink, narrow), ...(map ? { scaleanchor: "x" } : {}) },
      showlegend: figure.series.length > 1 && figure.series.length <= MOST_NAMES,
      legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top", font: { size: narrow ? 10 : 12 } },
      hoverlabel: { align: "left", bgcolor: ink.paper, bordercolor: ink.line, font: { color: ink.text } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: ink.line, activecolor: ink.text, orientation: "h" },
      hovermode: "closest", bargap: 0.25, dragmode: narrow ? false : "zoom",
    };
    if (figure.y.categories.length) layout.legend.y = -40 / Math.max(200, plot.clientHeight) - 0.06;
    if (map) layout.legend.y = -0.02;
    const config = { responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]], toImageButtonOptions: { format: "svg", filename: figure.name } };
    const traces = figure.series.map((series, i) => trace(series, i, figure, theme));
    if (figure.y.categories.length && figure.series.every((series) => series.mark === "bars")) {
      traces.reverse(); // Plotly stacks the bars of a category from below
      layout.legend.traceorder = "reversed";
    }
    Plotly.react(plot, traces, layout, config);
    drawn.add(element);
  }

  const EAGER = 8; // figures drawn without being looked at; the others when they come near the window
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "400px" });

  // ---- one of several figures --------------------------------------------------------------
  for (const select of document.querySelectorAll("[data-choose]")) {
    const place = document.querySelector(`[data-chosen="${select.dataset.choose}"]`);
    const choose = () => {
      for (const element of place.querySelectorAll("[data-figure]")) {
        const chosen = element.dataset.figure === select.value;
        element.classList.toggle("chosen", chosen);
        if (chosen && drawn.has(element)) Plotly.Plots.resize(element.querySelector(".plot"));
      }
    };
    place.classList.add("choosing");
    select.addEventListener("change", choose);
    choose();
  }

  // ---- paper -------------------------------------------------------------------------------
  window.addEventListener("beforeprint", () => {
    printing = true;
    printers.forEach((print) => print(true));
    applyTheme();
    document.querySelectorAll("[data-figure]").forEach(draw);
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    printers.forEach((print) => print(false));
    applyTheme();
  });

  applyTheme();
  document.querySelectorAll("[data-table]").forEach(buildTable);
  // Whoever prints or photographs the page without scrolling sees the first figures too: the first at once,
  // the next few as soon as the page stands.
  const figures = [...document.querySelectorAll("[data-figure]")];
  const eager = figures.filter((element) => element.offsetParent).slice(0, EAGER);
  const next = () => {
    const element = eager.shift();
    if (!element) return;
    if (!drawn.has(element)) draw(element);
    setTimeout(next);
  };
  next();
  figures.forEach((element) => watcher.observe(element));
  root.dataset.ready = "yes";
})();
