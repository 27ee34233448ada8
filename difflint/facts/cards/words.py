"""The words by which a topic shows in code. Where none of them occurs, the topic's thing is not there.

They are generous on purpose: a word too many makes a line unknown, a word too few makes it wrong."""

from __future__ import annotations

import re


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


GRAD_CLIP = _any_of("clip_grad", "clip_norm", "[gG]rad_?[cC]lip", "gradient_clip", "max_grad_norm", "clip_by")
NAN_TO_NUM = re.compile(r"nan_to_num\([\w.]*grad")
EMA = _any_of(
    r"(?i:(?<![a-z])(?<!loss_)ema(?![a-z]|_loss))", "(?i:moving.?average)", "update_average",
    "[aA]veraged?_?[mM]odel", "swa_", "shadow", r"(?<!\.)accumulate\(",
)  # fmt: skip
SCHEDULE = _any_of(
    "(?i:beta_?(start|end|1|0|min|max|schedule))", "(?i:alphas?_?(bar|cumprod|hat))", "cumprod",
    "sigma_?(min|max|data)",
    "(?i:noise_?schedul|diffus|ddpm|ddim|langevin)", r"(?i:\bsde\b)",
    r"(?i:\bscore_?(sde|fn|func|model|net|match|based)|score-based|denoising score)",
)  # fmt: skip
LEVELS = _any_of(
    "(?i:beta_?(start|end|min|max|schedule))", "(?i:alphas?_?(bar|cumprod|hat))", "cumprod", "sigma_?(min|max|data)",
    "(?i:noise_?schedul|ddpm|ddim|langevin|velocity|rectified|flow_?match|score_?(fn|model|net)|sigmas|timesteps)",
    r"\bbetas\b", "P_mean",
)  # fmt: skip
TABLES = _any_of("cumprod", "alphas?_?bar", "alpha_hat", "beta_start", r"\bbetas\b")
SCORE = re.compile(r"(?i)score|\bsde\b|langevin")
FLOW = _any_of("(?i:velocity|flow|interpolant|rectified)", r"\but\b")
HALF = _any_of(
    "autocast", r"\bamp\b", r"\bamp_", r"_amp\b", r"\.half\(", "float16", "fp16", "bf16", "mixed_precision",
    "precision=", "GradScaler", r"\.bfloat16\(",
)  # fmt: skip
VAE = _any_of(
    "(?i:(?<![a-z])vae(?![a-z])|auto_?encoder|first_stage|vqmodel|vqgan|vqvae|latents?_scale)", r"0\.18215",
    "scaling_factor",
)  # fmt: skip
SWITCHED = re.compile(r"\bif [^\n]*clip")
ENCODES = re.compile(r"(?i)(vae|vq\w*|autoencoder|first_stage\w*|\bae)(\.module)?\.encode\w*\(")
SCALED = _any_of(
    r"(?i:latents?_?\w*(scal|std|mean|shift)|scale_?(factor|latent|by)|scaling|vae_?scal)", r"0\.18\d", r"pretrained\("
)
SINK = _any_of(
    "save_image", "imsave", "imwrite", "imshow", "fromarray", "to_pil", "ToPILImage", "wandb", "add_image", r"\.save\(",
    r"savez?\(", "savefig", "log_image", "write_png", "mimsave", "make_grid",
)  # fmt: skip
GENERATED = re.compile(r"gen_|fake|sampl|generated")
GENERATOR = re.compile(r"generator\w*\(|net_?G\w*\(|\bG\(|\.decode\(|decoder\(|G_ema\(|g_ema\(")
CLAMP = _any_of("clamp", "clip", "threshold", "quantile")
X0 = _any_of(r"(?i:x_*(0|zero|start|recon|pred|hat))", "(?i:recon|denoised|pred_?x|orig)", "process_xstart")
NETWORK = re.compile(r"(?i)model|net|vae|encoder|decoder|ddpm|diffusion|pipe|generator|\bG\b|\bD\b")

# How a sampler's loop goes, by the names of its functions, then by its code; the first that fits.
METHODS = (
    ("DDIM", r"(?s)ddim|\beta\b.*alpha|alpha.*\beta\b"),
    ("Heun", r"heun|prime|2nd.order"),
    ("Euler ancestral", r"euler_?a(ncestral)?\b|ancestral_euler"),
    ("DPM-Solver", r"(?<!d)dpm_?solver|dpmpp|dpm_2|dpm_fast|dpm_adaptive"),
    ("PLMS", "plms|pndm"),
    ("Runge-Kutta", "rk4|runge"),
    ("Langevin", "langevin"),
    ("LMS", "lms"),
    ("Euler-Maruyama", "maruyama"),
    ("Euler", "euler"),
    ("SDE solver", r"\bsde\b"),
)
ANCESTRAL = re.compile(r"p_sample|ddpm|posterior|ancestral")
DISCRETE = _any_of(
    r"(?i:alphas?_?(bar|hat|cumprod|t)?\b)",
    r"(?i:betas?(_t)?\b)",
    "posterior",
    "sqrt_recip",
    "sqrta",
    "sqrtmab",
    r"coeff?\d",
)
STRAIGHT = _any_of(r"\bdt\b", "step_size", "delta_t", r"\bd_?t\b", "velocity", r"\bv_?\w*\b", r"/ ?\w*steps")
BACKWARDS = re.compile(
    r"reversed\(\s*range|range\(.*-1\)|range\(.*::-1|timesteps|time_seq|time_pairs|sigmas|t_steps|t_span|indices"
)
NO_SAMPLER = re.compile(r"^__init__$|bpd|loss|nll|likelihood|reverse_sample|encode|invert|train|log_image")
NO_LOOP = re.compile(r"backward\(|\A\s*for[^\n]* in [^\n]*(listdir|glob|loader|dataset|epoch|batch|files)")
FILES = re.compile(r"\b(listdir|glob|iglob|rglob|scandir)\(")
CHANGED = re.compile(
    r"randn|p_sample|step\(|denois|posterior|\beps|epsilon|velocity|score|pred|\b(?:self\.)?(?:u?net|model|network)\("
)
BARS = ("tqdm", "enumerate", "track", "progress_bar", "list", "tqdm_notebook", "auto")

# What the learned names of a loss' two sides say about the target, where no value does.
TARGETS = {
    "eps": re.compile(r"noise|eps|epsilon|true_noise|target_noise|noise_target"),
    "x0": re.compile(r"x_?0|x_start|x_zero|denoised\w*|D_\w+|clean\w*"),
    "v": re.compile(r"v_target|target_v|v_gt"),
    "flow": re.compile(r"velocity|ut|u_t|target_velocity|velocity_target"),
}
LOSS_CALLS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "loss_fn", "criterion", "mse", "MSELoss")
