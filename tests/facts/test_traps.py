"""Correct code that a naive rule would flag: every trap has a fixture, and no rule speaks about any of them.

The ids are those of a list of 93 patterns that were met in public repositories: (a) clamps and (b) inverses in unusual
places, (c) activations that are right, (d) half precision that somebody scales, (e) schedules, (f) noise, (g) repeated
scaling, (h) targets, (i) modes and gradients, (j) the rest."""

from __future__ import annotations

import re

import pytest

from difflint import places
from difflint.config import Settings
from difflint.engine import lint

FIXTURES = places.ROOT / "fixtures"
SETTINGS = Settings(root=FIXTURES, preview=True)
GIVEN = """
    A1 A2 A3 A4 A5 A6 A7 A8 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22 A23 A24 A25 A26
    B1 B2 B4 B7 B8 B9 B10 B12 B14 C1 C2 C3 C4 C6 C7 C8 C11 D1 D2 D3 D4 D5 D8 D9 D10
    E1 E2 E6 E7 E9 E10 E12 E14 E15 E16 F1 F2 F4 F7 F12 F13 G1 G3 G5 G6 G8 G10
    H1 H7 H8 H9 H11 H12 H14 I1 I3 I4 I5 I6 I8 I9 I12 I14 I15 I16 J2 J3 J4 J5
"""
SHOWN_IN = {
    "DFL101/good_trap_save_with_range.py": "A1 A2 B1",
    "DFL101/good_trap_save_image_clamps.py": "A18 B2",
    "DFL101/good_trap_pipeline_output.py": "A12 A14 A15",
    "DFL101/good_trap_unit_training.py": "B4 B9",
    "DFL103/good_trap_decoder_rescale.py": "B10 B14",
    "DFL103/good_trap_guarded_scaling.py": "G5 G6 G8 G10",
    "DFL103/good_trap_round_trip.py": "G1 G3",
    "DFL104/good_trap_checked_range.py": "A12 A13 A21 A22",
    "DFL104/good_trap_clamp_elsewhere.py": "A6 A11 A16 A25 A26",
    "DFL104/good_trap_convex_mix.py": "A7 A8 A17 A23",
    "DFL104/good_trap_fused_clamp.py": "A3 A4 A5 A24",
    "DFL105/good_trap_numpy_and_helpers.py": "A19 A20 B7 B8 B12",
    "DFL201/good_trap_b10_sigmoid_rescaled.py": "B10",
    "DFL201/good_trap_b9_first_stage_unit_data.py": "B4 B9",
    "DFL201/good_trap_c11_inverse_logit.py": "C11",
    "DFL201/good_trap_c7_decoder_optional_tanh.py": "C7",
    "DFL201/good_trap_e14_sigma_sampler_to_bytes.py": "E14 A20 A4",
    "DFL201/good_trap_e_f_i_sampler_of_x0_tanh.py": "E16 F13 I3 A1",
    "DFL201/good_trap_h12_target_by_enum.py": "H12",
    "DFL201/good_trap_i4_pickled_generator.py": "I4 I5",
    "DFL201/good_trap_two_transforms_one_network.py": "G8",
    "DFL202/good_trap_c1_swish_by_hand.py": "C1",
    "DFL202/good_trap_c2_c3_sigmoid_schedules.py": "C2 C3 E1 E12",
    "DFL202/good_trap_c4_log_snr.py": "C4 E7 F1",
    "DFL202/good_trap_c6_tanh_cdf.py": "C6",
    "DFL202/good_trap_c7_decoder_tanh_beside_unet.py": "C7",
    "DFL202/good_trap_c8_soft_clamp_of_input.py": "C8",
    "DFL202/good_trap_e_schedule_zoo.py": "E2 E6 E9 E10 E15 E16",
    "DFL202/good_trap_f_noise_habits.py": "F2 F7 F12",
    "DFL202/good_trap_h12_learned_variance_head.py": "H12",
    "DFL202/good_trap_h1_h7_h8_targets.py": "H1 H7 H8 F4",
    "DFL202/good_trap_h9_dream_target.py": "H9",
    "DFL202/good_trap_sigmoid_loss_weight.py": "H11 H14",
    "DFL202/good_trap_time_embedding_sigmoid.py": "I8",
    "DFL301/good_trap_d10_frozen_half_base_float_lora.py": "D10 I1",
    "DFL301/good_trap_d1_dynamic_loss_scale.py": "D1",
    "DFL301/good_trap_d2_inference_half.py": "D2 D8 J4",
    "DFL301/good_trap_d3_d5_accelerate.py": "D3 D5",
    "DFL301/good_trap_d4_weight_dtype_variable.py": "D4",
    "DFL301/good_trap_d9_static_loss_scaling.py": "D9",
    "DFL301/good_trap_frozen_half_teacher.py": "I1 I9",
    "DFL301/good_trap_guidance_backward_at_sampling.py": "I8 D2",
    "DFL301/good_trap_other_training_habits.py": "J3 J5 F7 I12 I14",
    "traps/a_guards_before_a_cast.py": "A12 A13 A23 G6",
    "traps/d_modes_and_regions.py": "D2 D4 D8 I1 I3 I9",
    "traps/i15_lightning_validates_by_itself.py": "I15",
    "traps/i16_no_grad_for_each_step_of_a_generator.py": "I16",
    "traps/i6_callers_turn_gradients_off.py": "I6",
    "traps/j2_a_sampler_shuffles.py": "J2",
}


def test_every_trap_has_a_fixture() -> None:
    assert len(GIVEN.split()) == 93
    assert {trap for traps in SHOWN_IN.values() for trap in traps.split()} == set(GIVEN.split())


@pytest.mark.parametrize("fixture", SHOWN_IN)
def test_no_rule_speaks_about_a_trap(fixture: str) -> None:
    result = lint([str(FIXTURES / fixture)], SETTINGS)
    assert (result.findings, result.errors) == ((), ())


@pytest.mark.parametrize("fixture", SHOWN_IN)
def test_a_fixture_names_the_traps_it_shows(fixture: str) -> None:
    says = (FIXTURES / fixture).read_text("utf-8").splitlines()[0]
    assert set(SHOWN_IN[fixture].split()) <= set(re.findall(r"[A-J]\d+", says))


def test_no_rule_speaks_about_all_traps_together() -> None:
    assert lint([str(FIXTURES / fixture) for fixture in SHOWN_IN], SETTINGS).findings == ()
