"""The steps of a training loop are found in the order in which they happen, wherever they are written."""

from __future__ import annotations

import ast
import textwrap

from difflint.relations import File
from difflint.relations.modules import optimized, strangers
from difflint.relations.training import Step, rounds, trainings


def parsed(code: str) -> File:
    text = textwrap.dedent(code)
    return File("train.py", text, ast.parse(text))


def kinds(code: str) -> list[str]:
    (only,) = rounds(parsed(code))
    return [step.kind for step in only.steps]


def step(file: File, kind: str) -> Step:
    return next(found for one in rounds(file) for found in one.of_kind(kind))


def test_steps_are_found_in_the_order_of_the_text() -> None:
    code = """
        import torch
        opt = torch.optim.Adam(model.parameters())
        for x in loader:
            opt.zero_grad()
            model(x).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
    """
    assert kinds(code) == ["zero", "backward", "clip", "step"]


def test_steps_of_a_helper_stand_where_it_is_called() -> None:
    code = """
        class Trainer:
            def update(self, opt, loss):
                loss.backward()
                opt.step()

            def run(self):
                for x in self.data:
                    self.optimizer.zero_grad()
                    self.update(self.optimizer, self.model(x))
    """
    (only,) = rounds(parsed(code))
    assert [found.kind for found in only.steps] == ["zero", "backward", "step"]
    assert only.steps[0].of == only.steps[2].of


def test_a_closure_runs_before_the_step_that_it_is_given_to() -> None:
    code = """
        import torch
        def train(opt, loader):
            for x in loader:
                def closure():
                    opt.zero_grad()
                    loss = x.sum()
                    loss.backward()
                    return loss
                opt.step(closure)
    """
    assert kinds(code) == ["zero", "backward", "step"]


def test_the_scheduler_of_a_sampler_is_no_scheduler_of_learning_rates() -> None:
    code = """
        def train(opt, lr_scheduler, noise_scheduler, loader):
            for x in loader:
                noise_scheduler.step(x, 3, x)
                x.sum().backward()
                opt.step()
                lr_scheduler.step()
    """
    assert kinds(code) == ["backward", "step", "schedule"]


def test_what_comes_before_goes_round() -> None:
    code = """
        def train(opt, loader):
            for x in loader:
                opt.step()
                opt.zero_grad()
                x.sum().backward()
    """
    (only,) = rounds(parsed(code))
    before = only.before(only.steps[0], lambda other: other.kind in ("backward", "zero"))
    assert before is only.steps[2]


def test_opposite_branches_never_follow_each_other() -> None:
    file = parsed(
        """
        def train(opt, scaler, loader):
            for x in loader:
                if scaler is not None:
                    scaler.scale(x.sum()).backward()
                else:
                    x.sum().backward()
                if scaler is None:
                    opt.step()
                else:
                    scaler.step(opt)
        """
    )
    (only,) = rounds(file)
    scaled, plain, direct, through = only.steps
    assert only.before(direct, lambda other: other.kind == "backward") is plain
    assert only.before(through, lambda other: other.kind == "backward") is scaled


def test_a_branch_that_leaves_the_round_comes_before_nothing() -> None:
    file = parsed(
        """
        def train(opt, loader):
            for x in loader:
                x.sum().backward()
                if bad(x):
                    opt.zero_grad()
                    continue
                opt.step()
        """
    )
    (only,) = rounds(file)
    before = only.before(only.steps[2], lambda other: other.kind in ("backward", "zero"))
    assert before is not None and before.kind == "backward"


def test_a_loss_that_is_scaled_on_some_ways_only_is_not_scaled_for_sure() -> None:
    file = parsed(
        """
        def train(opt, scaler, loader):
            for x in loader:
                loss = x.sum()
                if scaler:
                    loss = scaler.scale(loss)
                loss.backward()
                opt.step()
        """
    )
    backward = step(file, "backward")
    assert backward.by is not None and backward.maybe


def test_an_unseen_call_that_is_given_the_optimizer_may_do_anything_with_it() -> None:
    file = parsed(
        """
        def train(opt, loader):
            for x in loader:
                x.sum().backward()
                opt.step()
                log(x)
                finish(opt)
        """
    )
    (training,) = trainings(file)
    of = step(file, "step").of
    assert of is not None and training.opaque_uses(of)


def test_prepare_gives_back_what_it_is_given() -> None:
    file = parsed(
        """
        import torch
        def train(model, accelerator, loader):
            opt = torch.optim.Adam(model.parameters())
            model, opt = accelerator.prepare(model, opt)
            for x in loader:
                accelerator.backward(model(x))
                opt.step()
        """
    )
    of = step(file, "step").of
    models = optimized(file, of) if of is not None else None
    assert models is not None and [str(model) for model in models] == ["model"]


def test_a_wrapped_network_is_no_stranger_and_one_made_apart_is() -> None:
    file = parsed(
        """
        def main(make):
            model, other = make(1), make(2)
            ddp = Wrapper(model)
        """
    )
    ends = next(f for f in file.every if f.name == "main").ends
    assert strangers(file, ends["model"], ends["other"])
    assert not strangers(file, ends["model"], ends["ddp"])
