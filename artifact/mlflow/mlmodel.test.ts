import { expect, test } from 'vitest';
import { graphOfMlmodel } from './mlmodel.ts';

const read = (text: string) => graphOfMlmodel(text, 'models:/a/1 (MLmodel)');

test('the ONNX flavour names the graph, of whatever else is there', () => {
  expect(read('flavors:\n  onnx: {data: graphs/m.onnx, onnx_version: 1.20}\n  python_function: {}\n')).toBe(
    'graphs/m.onnx',
  );
  expect(read('flavors: {onnx: {}}')).toBe('model.onnx');
});

test.each([
  [
    'flavors:\n  sklearn: {}\n  python_function: {}',
    '(flavours: sklearn, python_function). Log the model with mlflow.onnx',
  ],
  ['flavors: {}', '(flavours: none)'],
  ['run_id: x', 'has no map of flavors'],
  ['[', 'is not YAML'],
  ['', 'has no map of flavors'],
  ['flavors: {onnx: {data: ../../etc/passwd}}', 'names no file below its folder'],
  ['flavors: {onnx: {data: /etc/passwd}}', 'names no file below its folder'],
  [`a: &a [x]\nb: &b [${'*a,'.repeat(60)}]\nflavors: {onnx: {}}`, 'is not YAML'],
])('%j is refused', (text, message) => {
  expect(() => read(text)).toThrow(message);
  expect(() => read(text)).toThrow('models:/a/1 (MLmodel)');
});
