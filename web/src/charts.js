// Charts of the overview. Each is drawn from the table beside it, so the two cannot disagree.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const COLOURS = { 同意准入: "#1a7f4b", 附条件准入: "#5fa37f", 暂缓: "#b8860b", 不予准入: "#b3261e", 终止: "#7a3b36", 未作结论: "#8a94a0", "系统：准入": "#1a7f4b", "系统：提交会审": "#b8860b", "系统：不予准入": "#b3261e", 不符合: "#b3261e", 材料不足: "#b8860b" };

function read(table) {
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((c) => c.textContent.trim()));
  return { heads, rows };
}

function draw(place) {
  const table = document.getElementById(place.dataset.chart);
  const { heads, rows } = read(table);
  if (rows.length === 0) return;
  place.hidden = false;
  const wide = place.dataset.across === "yes";
  const names = rows.map((row) => row[0]);
  const columns = heads.map((name, at) => at).filter((at) => at > 0 && heads[at] !== "合计");
  const labels = { type: "category", data: names, inverse: wide, axisLabel: { width: wide ? 150 : 90, overflow: "truncate" } };
  const values = { type: "value", minInterval: 1 };
  if (wide) place.style.height = `${60 + 30 * rows.length}px`;
  const chart = init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: false,
    aria: { enabled: true, decal: { show: columns.length > 1 } },
    grid: { left: 8, right: 24, top: columns.length > 1 ? 40 : 12, bottom: 8, containLabel: true },
    legend: columns.length > 1 ? { top: 4 } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    xAxis: wide ? values : labels,
    yAxis: wide ? labels : values,
    series: columns.map((at) => ({
      name: heads[at],
      type: "bar",
      // What the committee concluded and what the machine said are counted apart.
      stack: heads[at].startsWith("系统：") ? "machine" : "all",
      barMaxWidth: 28,
      itemStyle: { color: COLOURS[heads[at]] || "#1f4e79" },
      data: rows.map((row) => Number(row[at].replace(/[^0-9.]/g, "")) || 0),
    })),
  });
  window.addEventListener("resize", () => chart.resize());
}

document.querySelectorAll("[data-chart]").forEach(draw);
