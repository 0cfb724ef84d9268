"""The example of docs/export.md runs, and finds what the exported detector finds."""

import re
from pathlib import Path

import cv2
import pytest
from mmdet.apis import inference_detector, init_detector
from toy import CLASSES, toy_model
from toy_export import photo, write_run

from mmssis.commands import run_verb

pytest.importorskip('onnxruntime', reason='mmssis export OUT.onnx needs it')
pytest.importorskip('onnx', reason='mmssis export OUT.onnx needs it')
PAGE = Path(__file__).parents[2] / 'docs/export.md'


@pytest.mark.slow
def test_the_example(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('image.jpg', photo())
    checkpoint = write_run(tmp_path / 'run', toy_model())
    run_verb('export', [str(checkpoint), 'detector.onnx', '--check-images', 'image.jpg'])
    run_verb('export', [str(checkpoint), 'detector.pth'])
    assert '64 x 48: 6 instances with torch, 6 with onnxruntime' in capsys.readouterr().out

    blocks = re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.DOTALL)
    example = next(block for block in blocks if 'onnxruntime' in block)
    assert 'score >= 0.3' in example
    exec(compile(example.replace('score >= 0.3', 'score >= 0'), str(PAGE), 'exec'), {})
    lines = capsys.readouterr().out.splitlines()

    found = inference_detector(
        init_detector('detector.py', 'detector.pth', device='cpu'), 'image.jpg').pred_instances
    found = found[found.scores.argsort(descending=True)]
    assert len(lines) == len(found) == 6
    for line, label, score, mask in zip(lines, found.labels, found.scores, found.masks):
        name, printed, pixels = re.match(r'(\w+) ([\d.]+), (\d+) pixels, box', line).groups()
        assert name == CLASSES[label] and float(printed) == pytest.approx(score.item(), abs=0.02)
        assert int(pixels) == pytest.approx(mask.sum().item(), rel=0.05, abs=20)
