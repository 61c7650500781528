"""`make course` and `make notebooks`: the table, the exit status, what is written."""

import sys

import nbformat
import pytest

from tools import course


@pytest.fixture
def two_notebooks(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name, source in {"01_good": "print(6 * 7)", "02_bad": "1 / 0"}.items():
        cells = [nbformat.v4.new_markdown_cell("text"), nbformat.v4.new_code_cell(source)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "NOTEBOOKS", sorted(folder.glob("*.ipynb")))
    return tmp_path


def test_a_failure_is_in_the_table_and_in_the_exit_status(two_notebooks, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["course", "build"])
    assert course.main() == 1
    said = capsys.readouterr().out
    assert "01_good                          1" in said and "passed" in said
    assert "failed" in said and "ZeroDivisionError" in said
    written = nbformat.read(two_notebooks / "build/01_good.ipynb", as_version=4)
    assert written.cells[1].outputs[0].text == "42\n"
    untouched = nbformat.read(two_notebooks / "notebooks/01_good.ipynb", as_version=4)
    assert untouched.cells[1].outputs == []


def test_in_place_a_failed_notebook_is_left_as_it_was(two_notebooks, monkeypatch):
    bad = two_notebooks / "notebooks/02_bad.ipynb"
    before = bad.read_bytes()
    monkeypatch.setattr(sys, "argv", ["course", "--inplace"])
    assert course.main() == 1
    assert bad.read_bytes() == before
    good = nbformat.read(two_notebooks / "notebooks/01_good.ipynb", as_version=4)
    assert good.cells[1].outputs[0].text == "42\n" and good.cells[1].execution_count == 1


def test_all_well_is_zero(two_notebooks, monkeypatch):
    monkeypatch.setattr(course, "NOTEBOOKS", course.NOTEBOOKS[:1])
    monkeypatch.setattr(sys, "argv", ["course", "build"])
    assert course.main() == 0
