// Says everything that is wrong with an OpenAPI document: its structure, its references, its examples against its schemas.
import { readFileSync } from 'node:fs';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const [file, what] = process.argv.slice(2);
const config = await createConfig({
  extends: ['recommended'],
  rules: {
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'no-unused-components': 'error',
    // A page that is always there, and a form that always redirects, are no mistakes. Every route of the API has an answer and refuses.
    'operation-2xx-response': what === 'api' ? 'error' : 'off',
    'operation-4xx-response': what === 'api' ? 'error' : 'off',
    'info-contact': 'error',
  },
});
const problems = await lintFromString({ source: readFileSync(file, 'utf8'), absoluteRef: file, config });
for (const { severity, ruleId, message, location } of problems) console.log(`${severity} ${ruleId} ${location[0].pointer}: ${message}`);
process.exitCode = problems.length === 0 ? 0 : 1;
