// A project's way through the service with the generated TypeScript types; checked by tsc.

import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api.js";

const [address, key, committee] = process.argv.slice(2) as [string, string, string];
const own = createClient<paths>({
  baseUrl: address,
  headers: { Authorization: `Bearer ${key}` },
});
const office = createClient<paths>({
  baseUrl: address,
  headers: { Authorization: `Bearer ${committee}` },
});

function must<T>(told: { data?: T; error?: unknown }): T {
  if (told.data === undefined) throw new Error(JSON.stringify(told.error));
  return told.data;
}

const dossier: components["schemas"]["Dossier"] = {
  project_id: "TS-1",
  project_name: "客户端走一遍",
  submitted_on: "2024-06-03",
  industry_code: "C3985",
  land_use_mode: "new_industrial_land",
  land_area: "30 亩",
  total_investment: 12000,
};

const evaluation = must(await own.POST("/api/v1/evaluations", { body: dossier }));
const verdict: "pass" | "refer" | "reject" = evaluation.verdict;
const missing: string[] = evaluation.counterfactual?.fill.map((one) => one.field) ?? [];
if (verdict !== "refer" || missing.length === 0) throw new Error(verdict);

const receipt = must(
  await own.POST("/api/v1/projects", {
    params: { header: { "Idempotency-Key": "ts-1" } },
    body: dossier,
  }),
);
const page = must(
  await office.GET("/api/v1/projects", { params: { query: { limit: 200 } } }),
);
if (!page.items.some((one) => one.number === receipt.number)) throw new Error("not listed");

const tasks = must(
  await office.GET("/api/v1/tasks", { params: { query: { number: receipt.number } } }),
);
const first = tasks.items[0];
if (first === undefined) throw new Error("no task");
const task = must(
  await office.GET("/api/v1/tasks/{task_id}", { params: { path: { task_id: first.id } } }),
);
const state: "open" | "supplement" | "done" | "withdrawn" | "lapsed" = task.state;
if (state !== "open") throw new Error(state);

const changes = must(await office.GET("/api/v1/changes"));
if (!changes.items.some((one) => one.number === receipt.number)) throw new Error("no change");

const { error, response } = await office.GET("/api/v1/projects/{number}", {
  params: { path: { number: "ZR1900-000001" } },
});
const detail: string | undefined = error?.detail;
if (response.status !== 404 || !detail) throw new Error(String(response.status));
console.log(receipt.number, receipt.verdict);
