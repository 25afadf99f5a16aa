// Reads an AsyncAPI document with the reference parser; prints what is wrong with it, and how many messages it has.
import { readFileSync } from "node:fs";
import parser from "@asyncapi/parser";

const { document, diagnostics } = await new parser.Parser().parse(readFileSync(process.argv[2], "utf-8"));
const wrong = diagnostics.filter((d) => d.severity <= 1);
for (const d of wrong) console.log(`${d.path.join("/")}: ${d.message}`);
if (!document || wrong.length) process.exit(1);
console.log(document.messages().all().length);
