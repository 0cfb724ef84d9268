"""Import-time checks and the content of the package."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from unittest import mock

import mmcv
import pytest
from mmengine.config import Config

import mmssis
from mmssis import compatibility
from mmssis.compatibility import check_installed, check_mmcv_ops, check_version

ROOT = Path(__file__).resolve().parents[1]


def test_versions_outside_the_window_say_what_to_type() -> None:
    for name, version in (('mmengine', '0.10.4'), ('mmcv', '2.0.1'), ('mmdet', '3.3.0rc1'),
                          ('mmdet', '3.5.1+cu121')):
        check_version(name, version)
    for name, version in (('mmengine', '0.10.3'), ('mmengine', '1.0.0'), ('mmcv', '1.7.2'),
                          ('mmdet', '3.6.0')):
        with pytest.raises(ImportError) as caught:
            check_version(name, version)
        message = str(caught.value)
        assert f'{name} {version} is installed' in message
        assert re.search(r'pip install "onedl-\S+==\d', message)


def test_oldest_and_tested_versions_agree_with_the_constraints() -> None:
    pins = dict(re.findall(r'^(onedl-\w+)==([^\s;]+)',
                           (ROOT / 'requirements/constraints.txt').read_text(), re.M))
    for name, tested in compatibility.TESTED.items():
        assert pins[compatibility.DISTRIBUTIONS[name]] == tested
        check_version(name, tested)


def test_missing_package_is_named() -> None:
    real = compatibility.import_module

    def without(module: str) -> object:
        if module == 'mmdet':
            raise ModuleNotFoundError(f'No module named {module!r}', name=module)
        return real(module)

    with mock.patch.object(compatibility, 'import_module', without):
        with pytest.raises(ImportError, match='needs mmdet, which is not installed. Type: pip'):
            check_installed()


def test_broken_mmcv_ops_are_told_apart() -> None:
    for error, cause in (
            (ModuleNotFoundError("No module named 'mmcv._ext'"), 'without its compiled ops'),
            (ImportError('_ext.so: undefined symbol: _ZN3c10'), 'compiled for another torch')):
        with mock.patch.object(compatibility, 'import_module', side_effect=error):
            with pytest.raises(ImportError) as caught:
                check_mmcv_ops()
        message = str(caught.value)
        assert cause in message
        for part in ('MMCV_WITH_OPS=1', '--no-build-isolation', '--no-cache-dir', 'setup_env.sh'):
            assert part in message


def test_environment_is_described_in_one_line() -> None:
    line = mmssis.describe_environment()
    assert f'mmcv {mmcv.__version__}' in line
    assert '\n' not in line


def test_forks_and_originals_are_never_hard_requirements() -> None:
    # Both write site-packages/mmdet: pip would install one over the other.
    names = (ROOT / 'requirements/runtime.txt').read_text().lower()
    assert not re.search(r'^(onedl-)?mm\w+', names, re.M)


def copy_of_sources(target: Path) -> Path:
    """Copy what a source distribution is made of, since building writes beside the sources."""
    ignored = shutil.ignore_patterns('__pycache__', '.mim', '*.egg-info')
    for name in ('mmssis', 'configs', 'tools', 'requirements'):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    for name in ('setup.py', 'setup.cfg', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE',
                 'NOTICE'):
        shutil.copy(ROOT / name, target)
    return target


def run(*command: str, cwd: Path) -> str:
    """Run a command and return its output; show it when it fails."""
    done = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_wheel_of_the_sdist_holds_configs_and_tools_and_resolves_them(tmp_path: Path) -> None:
    source = copy_of_sources(tmp_path / 'source')
    run(sys.executable, '-c', 'from setuptools.build_meta import build_sdist as b; b("dist")',
        cwd=source)
    sdist = next((source / 'dist').glob('*.tar.gz'))
    run(sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--no-build-isolation', '-w', 'dist',
        str(sdist), cwd=source)
    wheel = next((source / 'dist').glob('*.whl'))

    content = set(zipfile.ZipFile(wheel).namelist())
    packed = ('.py', '.sh', '.json', '.txt', '.md')
    for folder in ('configs', 'tools', 'mmssis'):
        for path in (ROOT / folder).rglob('*'):
            if path.suffix in packed and not {'__pycache__', '.mim'} & set(path.parts):
                name = str(path.relative_to(ROOT))
                assert (name if folder == 'mmssis' else f'mmssis/.mim/{name}') in content
    assert not [name for name in content if name.startswith(('configs/', 'tools/', 'tests/'))]

    site = tmp_path / 'site'
    zipfile.ZipFile(wheel).extractall(site)
    (tmp_path / 'mine.py').write_text(
        "_base_ = 'mmssis::pldc/mask2former_r50_coco1pct.py'\nmodel = dict(unsup_weight=2.0)\n")
    # Isolated from the checkout: neither its folder nor its editable install may answer.
    output = run(sys.executable, '-c', f'import sys; sys.path.insert(0, {str(site)!r})\n'
                 'import mmssis; from mmssis.utils.config import load_config\n'
                 'cfg = load_config("mine.py", check_data=False)\n'
                 'print(mmssis.__file__, cfg.model.type, cfg.model.unsup_weight)', cwd=tmp_path)
    assert output.splitlines()[-1] == f'{site}/mmssis/__init__.py PLDC 2.0'


def test_an_editable_install_beside_its_clone_is_the_package(tmp_path: Path) -> None:
    """Python takes a folder named mmssis for a package only if no path entry has a real one."""
    clone = tmp_path / 'mmssis'
    (clone / 'mmssis').mkdir(parents=True)
    (clone / 'mmssis/__init__.py').write_text('')
    (clone / 'mmssis/version.py').write_text("__version__ = '1'\n")
    for name in ('setup.cfg', 'setup.py', 'pyproject.toml', 'README.md', 'LICENSE', 'NOTICE'):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / 'requirements', clone / 'requirements')
    run(sys.executable, '-c', 'from setuptools.build_meta import build_editable as b; b("..")',
        cwd=clone)
    wheel = zipfile.ZipFile(next(tmp_path.glob('*.whl')))
    links = [name for name in wheel.namelist() if '/' not in name]
    assert links and all(name.endswith('.pth') for name in links)
    entry = wheel.read(links[0]).decode().strip()
    # -S -I: neither this environment's install nor its settings may answer.
    found = run(sys.executable, '-S', '-I', '-c', f'import sys; sys.path[:0] = [""]; '
                f'sys.path.append({entry!r}); import mmssis; print(mmssis.__file__)', cwd=tmp_path)
    assert found.strip() == str(clone / 'mmssis/__init__.py')


def test_base_of_mmssis_is_found_in_an_editable_install(tmp_path: Path) -> None:
    if not (ROOT / 'mmssis/.mim').exists():
        pytest.skip('not an editable install: `pip install -e .` makes mmssis/.mim')
    config = tmp_path / 'mine.py'
    config.write_text("_base_ = 'mmssis::pldc/mask2former_r50_coco1pct.py'\n")
    original = Config.fromfile(ROOT / 'configs/pldc/mask2former_r50_coco1pct.py')
    assert Config.fromfile(config).model.burn_in == original.model.burn_in
