// Bundles scripts and styles into api/static/ and writes a .gz beside each, so that the service
// can send them compressed without working for it. Nothing is fetched at run time.
import { build } from "esbuild";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const out = new URL("../api/static/", import.meta.url).pathname;
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const entries = ["apidocs.css", "apidocs.js", "app.js", "charts.js", "editor.js", "style.css"]
  .map((name) => `src/${name}`)
  .filter((name) => existsSync(name));
await build({
  entryPoints: entries,
  outdir: out,
  bundle: true,
  minify: true,
  target: "es2020",
  legalComments: "linked",
  logLevel: "warning",
});
for (const name of readdirSync(out)) {
  if (/\.(js|css)$/.test(name)) {
    writeFileSync(`${out}${name}.gz`, gzipSync(readFileSync(`${out}${name}`), { level: 9 }));
  }
}
