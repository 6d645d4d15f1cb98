// Runs the proofs of the auditors' page (its script as the browser gets it) over cases from standard input.
import { readFileSync } from "node:fs";

const page = await import(process.argv[2]);
const cases = JSON.parse(readFileSync(0, "utf8"));
const found = [];
for (const one of cases) {
  try {
    if (one.growth) {
      const end = (side) => ({ size: side.size, root: page.unhex(side.root) });
      found.push(await page.hasOnlyGrown(end(one.growth.older), end(one.growth.newer), one.growth.proof.map(page.unhex)));
    } else {
      const { hashed, path, root, signature } = await page.verifyEvidence(one.evidence, one.exchange, one.shown);
      found.push([hashed, path, root, signature]);
    }
  } catch (error) {
    found.push(String(error));
  }
}
console.log(JSON.stringify(found));
