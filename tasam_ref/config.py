"""The configuration: every number and every reading of the paper that the package uses.

Two things are not here: Adam's usual constants (``optim.optimizers``) and the seven directions (``oran.draws``).

The defaults are the paper's Table 1 and Algorithm 1.  "assumed" marks a value that the paper does not give;
Rxx points to the reading's row in the register of open readings (``validation/READINGS.md``).
"""

import re
from dataclasses import dataclass, field

from .parameters import parameter, refuse, section
from .regimes import MOST_USERS, RegimeConfig, check_regimes

SLICE_METRICS = ("sum_throughput", "quality_weighted_capacity", "max_latency")


@section
class RadioConfig:
    """The radio network: sites, users, spectrum, power, mobility, scheduler."""

    num_dus: int = parameter(6, "O-DUs, each with one RU, each one agent", symbol="N_m", source="Table 1", at_least=1,
                             at_most=10**4)
    num_ues: int = parameter(200, "users in the network", symbol="N", source="Table 1", at_least=1,
                             at_most=MOST_USERS)
    num_rbs: int = parameter(100, "resource blocks of each RU", symbol="K", source="Table 1", at_least=1, at_most=10**5)
    rb_bandwidth_hz: float = parameter(200e3, "bandwidth of one RB", symbol="B", unit="Hz", source="Table 1", above=0)
    tx_power_dbm: float = parameter(56.0, "transmit power", symbol="p_u", unit="dBm", source="Table 1", at_least=-400,
                                    at_most=400)
    tx_power_reading: str = parameter("per_ru", "whether the power is shared by all RBs of an RU or held by each RB",
                                      source="R05", choices=("per_ru", "per_rb"))
    noise_dbm: float = parameter(-173.0, "noise level", symbol="sigma^2", unit="dBm or dBm/Hz", source="Table 1",
                                 at_least=-400, at_most=400)
    noise_reading: str = parameter("psd_dbm_per_hz", "whether the noise level is a density or the power in an RB",
                                   source="R04", choices=("psd_dbm_per_hz", "total_dbm"))
    interference: str = parameter("physical", "whose distance and fading the interference in (1) carries",
                                  source="R01", choices=("physical", "literal"))
    path_loss_exponent: float = parameter(3.76, "path-loss exponent", symbol="eta", source="assumed, R03: the slope "
                                          "of 3GPP TR 36.814 case 1", above=0)
    path_loss_1m_db: float = parameter(15.3, "path loss at 1 m", unit="dB", at_least=-400, at_most=400,
                                       source="assumed, R03: TR 36.814's 128.1 dB at 1 km carried to 1 m")
    min_distance_m: float = parameter(35.0, "distances below this count as this", unit="m",
                                      source="assumed, R03: TR 36.814 case 1", above=0)
    inter_site_distance_m: float = parameter(500.0, "distance between neighbouring RUs", unit="m",
                                             source="assumed, R09: TR 36.814 case 1", above=0)
    cell_radius_m: float = parameter(250.0, "radius of the disc in which a DU's users live", unit="m",
                                     source="assumed, R09: half the site distance", above=0)
    frame_s: float = parameter(0.1, "length of a time frame", symbol="t", unit="s",
                               source="assumed, R07: within the near-RT RIC's loop of 10 ms to 1 s", above=0)
    speed_min_m_s: float = parameter(10.0, "slowest user", unit="m/s", source="Sec. VI-A", at_least=0)
    speed_max_m_s: float = parameter(20.0, "fastest user", unit="m/s", source="Sec. VI-A", at_least=0)
    mobility: str = parameter("turn", "whether the seven directions are turns or compass headings", source="R08",
                              choices=("turn", "heading"))
    scheduler: str = parameter("proportional_fair", "how a slice shares its RBs among its users", source="assumed, R46",
                               choices=("round_robin", "proportional_fair", "maximum_rate"))
    fairness_window_frames: float = parameter(10.0, "memory of the proportional-fair average", unit="frames",
                                              source="assumed", at_least=1)


@section
class SliceConfig:
    """The slices: who is in them, what they send, and how their latency arises.  One entry per slice."""

    names: tuple = parameter(("eMBB", "mMTC", "URLLC"), "slices in the paper's order", symbol="L", source="Sec. III-A")
    shares: tuple = parameter(
        ((0.40, 0.40, 0.20), (0.25, 0.45, 0.30), (0.30, 0.50, 0.20),
         (0.45, 0.30, 0.25), (0.20, 0.60, 0.20), (0.35, 0.35, 0.30)),
        "share of each slice among the users of each DU; DU m takes row m modulo the number of rows",
        source="assumed, R09: heterogeneous demand", at_least=0.0, at_most=1.0)
    packet_bits: tuple = parameter((12000.0, 1000.0, 2040.0), "packet size", unit="bit", above=0.0,
                                   source="assumed, R11: 1500 B, 125 B, and 255 B of 5QI 82")
    arrival_rate_hz: tuple = parameter((333.0, 30.0, 10.0), "packets per second and user", unit="1/s", at_least=0.0,
                                       source="assumed, R11: 4 Mbit/s, 30/s and 10/s")
    rate_threshold_bps: tuple = parameter((1e6, 2e6, 5e5), "rate at which a user is satisfied", symbol="lambda_i",
                                          unit="bit/s", at_least=0.0, source="assumed, R11")
    latency_model: str = parameter("mm1", "what a user's delay tau_i is", source="R10",
                                   choices=("mm1", "fifo_queue", "transmission_only"))
    latency_max_s: float = parameter(10e-3, "largest delay that is told apart; also that of an unserved queue",
                                     unit="s", above=0.0, source="assumed, R10: packet delay budget of 5QI 82")


@section
class RewardConfig:
    """QoS (6), its normalisation, and the reward (8).  One entry per slice in every tuple."""

    qos_reading: str = parameter("section_vi_e", "whether a slice's QoS is its metric of Section VI-E or the sum (6)",
                                 source="R15", choices=("section_vi_e", "weighted_sum"))
    metrics: tuple = parameter(SLICE_METRICS, "the QoS metric of each slice", source="Sec. VI-E", choices=SLICE_METRICS)
    kpi_weights: tuple = parameter(
        ((0.0, 1.0, 0.0, 0.0), (0.0, 0.5, 0.0, 0.5), (1.0, 0.0, 0.0, 0.0)),
        "weights of latency, throughput, availability and density in (6), used by weighted_sum",
        symbol="omega_i,l", source="assumed, R15", at_least=0.0)
    kpi_best_rate_bps: tuple = parameter((4e6, 8e6, 4e6), "mean throughput that counts as 1 in (6)", unit="bit/s",
                                         source="assumed, R15", above=0.0)
    q_min: tuple = parameter((10e6, 50e6, 2e-3), "required QoS", symbol="Q_min", unit="bit/s or s", source="Sec. VI-E",
                             at_least=0.0)
    q_min_order: str = parameter("as_printed", "whether the first two requirements are taken as printed or swapped",
                                 source="R16", choices=("as_printed", "swapped"))
    q_worst: tuple = parameter((0.0, 0.0, 10e-3), "QoS that is scaled to 0", unit="bit/s or s", at_least=0.0,
                               source="assumed, R25")
    q_best: tuple = parameter((40e6, 80e6, 0.0), "QoS that is scaled to 1", unit="bit/s or s", at_least=0.0,
                              source="assumed, R25")
    normalisation: str = parameter("fixed_bounds", "whether min-max scaling uses q_worst and q_best or the extremes "
                                   "seen so far", source="R25", choices=("fixed_bounds", "running"))
    priorities: tuple = parameter((1.0, 0.5, 2.0), "priority weights", symbol="w_l", source="Sec. IV-A3", at_least=0.0)
    sensitivity: str = parameter("priority_normalised", "how alpha_l follows from the priorities", source="R24",
                                 choices=("priority_normalised", "quality_weighted"))
    steepness: float = parameter(4.0, "mean of alpha_l over the slices", source="assumed, R24: makes (8) run from "
                                 "near 0 to near 1, as the paper says", above=0)
    sigmoid: str = parameter("centred", "whether the sigmoid of (8) is centred on the scaled QoS's middle",
                             source="R23", choices=("centred", "literal"))
    penalty: float = parameter(2.0, "scale of both penalties", symbol="zeta", at_least=0, source="assumed, R26: "
                               "missing mMTC's or URLLC's requirement altogether outweighs the slice's utility")


@section
class MdpConfig:
    """State, action and episode of the decision process."""

    action_codec: str = parameter("two_bit", "what the numbers of an action mean", source="R20",
                                  choices=("two_bit", "slice_and_user", "full_binary"))
    executed: str = parameter("thresholded", "whether the network runs the bits or time-shares the relaxed action",
                              source="R21", choices=("thresholded", "soft"))
    single_agent: bool = parameter(False, "one agent sees and acts for all DUs at once", source="Sec. VI-G, R53: the "
                                   "centralised agent over which gains are stated")
    identity: str = parameter("none", "whether the state names its DU", source="R27", choices=("none", "one_hot"))
    reference_ues: int = parameter(0, "users of the network whose average cell the state's load counts against; 0 is "
                                   "radio.num_ues", source="assumed, R27", at_least=0, at_most=10**7)
    episode_frames: int = parameter(100, "frames after which users are dropped anew", source="assumed, R28", at_least=1)


@section
class AgentConfig:
    """Networks and soft actor-critic learning."""

    hidden_sizes: tuple = parameter((300, 400, 400), "neurons of the hidden layers", source="Sec. VI-A", at_least=1,
                                    at_most=10**5)
    learning_rate: float = parameter(1e-4, "step size of actors and critic", symbol="eta", source="Sec. VI-A", above=0)
    batch_size: int = parameter(128, "transitions per gradient", source="Table 1", at_least=1, at_most=10**7)
    buffer_size: int = parameter(10_000, "transitions kept per actor", symbol="|B_i|",
                                 source="assumed, R28: all of Nt x Ne", at_least=1, at_most=10**8)
    gamma: float = parameter(0.2, "discount factor", symbol="gamma", source="assumed, R28: actions hardly move the "
                             "next state", at_least=0, at_most=1)
    temperature: float = parameter(3e-3, "weight of the entropy, or where it begins when it is learned", symbol="beta",
                                   source="assumed, R28", at_least=0)
    temperature_rule: str = parameter("fixed", "whether the temperature stays or holds the entropy at a target",
                                      source="R57", choices=("fixed", "learned"))
    target_entropy: float = parameter(-1.6931471805599453, "entropy that a learned temperature holds, for each number "
                                      "of an action", unit="nat", source="assumed, R57: soft actor-critic's -1 on "
                                      "(-1, 1), which is -1 - log 2 on (0, 1)")
    temperature_rate: float = parameter(1e-4, "step size of the logarithm of a learned temperature", above=0,
                                        source="assumed, R57: that of the networks")
    polyak: float = parameter(0.005, "rate at which the target critic follows", source="assumed, R28: SAC's usual",
                              above=0, at_most=1)
    log_std_min: float = parameter(-5.0, "lower clip of the policy's log standard deviation", source="assumed, R28")
    log_std_max: float = parameter(2.0, "upper clip of the policy's log standard deviation", source="assumed, R28")
    gradient_steps: int = parameter(1, "steps of every actor and of the critic per iteration", source="Algorithm 1, "
                                    "R28", at_least=1)
    critic_steps: int = parameter(1, "steps of the critic for each step of the actors", source="R28", at_least=1)
    policy_gradient: str = parameter("reparameterised", "estimator of (9)", source="R30",
                                     choices=("reparameterised", "score_function", "score_function_replayed"))
    entropy_in_target: str = parameter("standard", "where the entropy enters the target of (10)", source="R31",
                                       choices=("standard", "literal"))
    critic_target: str = parameter("single_target", "which networks give the target of (10)", source="R32",
                                   choices=("single_target", "twin_target", "literal"))
    critic_scope: str = parameter("shared_local", "whether the critic sees one DU's state and action or those of all",
                                  source="R39", choices=("shared_local", "joint"))
    critic_sees: str = parameter("executed", "whether the critic is shown a replayed action as executed or as relaxed",
                                 source="R21", choices=("executed", "relaxed"))
    forgetting: str = parameter("none", "what keeps an actor near its past policies", source="R41",
                                choices=("none", "policy_anchor"))
    anchor_weight: float = parameter(3e-3, "weight of the divergence from the anchor", at_least=0, source="assumed, "
                                     "R41: that of the entropy")
    anchor_rate: float = parameter(0.005, "rate at which the anchor follows its actor", source="assumed, R41", above=0,
                                   at_most=1)
    l2_weight: float = parameter(0.0, "weight of the squared norm of the parameters in every loss", source="Sec. VI-A, "
                                 "R42", at_least=0)
    dropout: float = parameter(0.0, "probability with which a gradient leaves a neuron out", source="Sec. VI-A, R42",
                               at_least=0, at_most=0.9)
    spectral_norm: bool = parameter(False, "weights of the hidden layers divided by their largest singular value",
                                    source="Sec. VI-A, R42")
    layer_norm: bool = parameter(False, "layer normalisation before the activation", source="Table 3, R43")
    crelu: bool = parameter(False, "concatenated rectifiers instead of tanh", source="Table 3, R43")
    resets: int = parameter(0, "times that the output layers are drawn anew, evenly over the run",
                            source="Table 3, R43", at_least=0)
    teachers: int = parameter(0, "earlier policies from which every actor is distilled", source="Sec. V-B, R43",
                              at_least=0, at_most=100)
    teacher_every: int = parameter(5, "iterations after which the actor replaces its oldest teacher", at_least=1,
                                   source="assumed, R43")
    distillation_weight: float = parameter(3e-3, "weight of the divergence from the teachers", at_least=0,
                                           source="assumed, R43: that of the entropy")
    input_perturbation: float = parameter(0.1, "standard deviation of what is added to the student's state",
                                          at_least=0, source="assumed, R43")
    td_value: str = parameter("q", "whether the TD-error compares Q or V", source="R33", choices=("q", "v"))
    dtype: str = parameter("float32", "number format of the networks", source="assumed", choices=("float32", "float64"))


@section
class SamConfig:
    """Sharpness-aware minimisation (11), (12), the gate of Algorithm 1 line 11, and the radius."""

    use_sam_actor: bool = parameter(True, "SAM on actors", source="Algorithm 1")
    use_sam_critic: bool = parameter(True, "SAM on the global critic", source="Algorithm 1")
    selective: bool = parameter(True, "SAM only on the actors that the gate selects", source="Algorithm 1")
    td_var_threshold: float = parameter(0.5, "gate on the TD-error variance", symbol="lambda_TD", at_least=0,
                                        infinite=True, source="assumed, R34")
    td_var_scale: str = parameter("absolute", "whether the threshold is a variance or a multiple of the agents' median",
                                  source="R34", choices=("absolute", "relative"))
    td_var_window: int = parameter(1, "iterations whose fresh TD-errors the variance is taken over", source="R34",
                                   at_least=1, at_most=10**6)
    rho_schedule: str = parameter("linear", "how the radius moves", source="R36",
                                  choices=("linear", "exponential", "cosine", "static", "td_driven",
                                       "entropy_annealed"))
    rho_init: float = parameter(0.5, "radius at the first iteration", symbol="rho", source="Sec. VI-B, R36", at_least=0)
    rho_final: float = parameter(0.01, "radius at the end of the decay", source="Sec. VI-B, R36", at_least=0)
    actor_rho_ratio: float = parameter(1.0, "radius of the actors relative to the critic's", source="Sec. VI-B, R37: "
                                       "1 is equal rho, anything else non-equal", at_least=0)
    rho_decay_steps: int = parameter(0, "iteration at which the decay ends; 0 means the run's last", source="assumed, "
                                     "R36", at_least=0)
    norm: str = parameter("l2", "norm of the perturbation in (12)", source="R55", choices=("l2", "adaptive", "layer"))
    perturbs: str = parameter("all", "which parameters are perturbed: all, weights without biases, or hidden layers "
                              "without the output's", source="R55", choices=("all", "weights", "hidden"))
    offset: str = parameter("kept", "whether the critic's perturbation may move its mean value of a DU (kept) or not "
                            "(held)", source="R58, an experiment of ours", choices=("kept", "held"))
    base_optimizer: str = parameter("adam", "what takes the step, with SAM or without", source="R35",
                                    choices=("adam", "sgd"))


@section
class RunConfig:
    """How long, how often, from which seed."""

    num_iterations: int = parameter(1000, "iterations", symbol="N_t", source="Table 1", at_least=1, at_most=10**9)
    frames_per_iteration: int = parameter(10, "evaluations of each policy per iteration", symbol="N_e",
                                          source="Table 1", at_least=1, at_most=10**6)
    seed: int = parameter(0, "seed of every random stream", source="assumed", at_least=0)
    checkpoint_every: int = parameter(50, "iterations between checkpoints", source="assumed", at_least=1)
    eval_episodes: int = parameter(20, "held-out episodes", source="assumed", at_least=1, at_most=10**5)
    eval_frames: int = parameter(100, "frames of a held-out episode", source="assumed", at_least=1)
    evaluation: str = parameter("deterministic", "whether the held-out episodes are run by the policies' means or by "
                                "draws from them; runs store both", source="R56",
                                choices=("deterministic", "stochastic"))
    convergence_tolerance: float = parameter(0.0, "stop when no actor moves by more than this share of its norm in an "
                                             "iteration; 0 never stops", source="Algorithm 1 l. 24, R38", at_least=0)


@dataclass(frozen=True)
class Config:
    """A complete experiment.  Raises UsageError when fields contradict each other."""

    radio: RadioConfig = field(default_factory=RadioConfig)
    slices: SliceConfig = field(default_factory=SliceConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    mdp: MdpConfig = field(default_factory=MdpConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    sam: SamConfig = field(default_factory=SamConfig)
    run: RunConfig = field(default_factory=RunConfig)
    regimes: RegimeConfig = field(default_factory=RegimeConfig)

    @property
    def num_slices(self):
        """|L|."""
        return len(self.slices.names)

    @property
    def num_agents(self):
        """N_m, or 1 for the centralised agent."""
        return 1 if self.mdp.single_agent else self.radio.num_dus

    @property
    def temperature(self):
        """beta of one agent, at first: for a single agent, which earns the mean over the DUs, whose entropies add up,
        1/N_m of it."""
        return self.agent.temperature * (self.num_agents / self.radio.num_dus)

    def __post_init__(self):
        _check_slices(self)
        radio, agent, sam = self.radio, self.agent, self.sam
        if radio.speed_max_m_s < radio.speed_min_m_s:
            raise refuse("radio.speed_max_m_s", radio.speed_max_m_s, f"at least speed_min_m_s = {radio.speed_min_m_s}")
        if radio.speed_max_m_s * radio.frame_s > radio.cell_radius_m:
            raise refuse("radio.frame_s", radio.frame_s, "so short that no user crosses a cell radius in one frame")
        if agent.log_std_max <= agent.log_std_min:
            raise refuse("agent.log_std_max", agent.log_std_max, f"above log_std_min = {agent.log_std_min}")
        if agent.temperature_rule == "learned" and agent.temperature == 0:
            raise refuse("agent.temperature", 0.0, "above 0 where temperature_rule is learned")
        if agent.spectral_norm and agent.l2_weight > 0:
            raise refuse("agent.l2_weight", agent.l2_weight, "0 with spectral_norm, which takes no notice of size")
        if agent.buffer_size < self.run.frames_per_iteration:
            raise refuse("agent.buffer_size", agent.buffer_size,
                         f"at least run.frames_per_iteration = {self.run.frames_per_iteration}")
        if sam.rho_schedule == "exponential" and min(sam.rho_init, sam.rho_final) == 0:
            name = "rho_init" if sam.rho_init == 0 else "rho_final"
            raise refuse(f"sam.{name}", 0.0, "above 0 for the exponential schedule")
        check_regimes(self)


def _check_slices(config):
    count, names = config.num_slices, config.slices.names
    if len(set(names)) < count or not all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names):
        raise refuse("slices.names", names, "different names of letters, digits, - and _")
    per_slice = {"slices": ("packet_bits", "arrival_rate_hz", "rate_threshold_bps"),
                 "reward": ("metrics", "kpi_weights", "kpi_best_rate_bps", "q_min", "q_worst", "q_best", "priorities")}
    for section_name, names in per_slice.items():
        for name in names:
            value = getattr(getattr(config, section_name), name)
            if len(value) != count:
                raise refuse(f"{section_name}.{name}", value, f"a list of {count}, one per slice of slices.names")
    for row in config.slices.shares:
        if len(row) != count or abs(sum(row) - 1) > 1e-9:
            raise refuse("slices.shares", row, f"rows of {count} shares that sum to 1")
    for row in config.reward.kpi_weights:
        if len(row) != 4:
            raise refuse("reward.kpi_weights", row, "rows of 4 weights: latency, throughput, availability, density")
    for worst, best in zip(config.reward.q_worst, config.reward.q_best):
        if worst == best:
            raise refuse("reward.q_best", best, "different from q_worst")
    if sum(config.reward.priorities) <= 0:
        raise refuse("reward.priorities", config.reward.priorities, "weights of which one at least is above 0")
    if config.mdp.action_codec == "two_bit" and count > 3:
        raise refuse("slices.names", config.slices.names, "at most 3 slices for two bits per RB")
    if config.mdp.executed == "soft" and config.mdp.action_codec != "two_bit":
        raise refuse("mdp.executed", "soft", "'thresholded' unless mdp.action_codec is two_bit")
    if config.reward.q_min_order == "swapped" and count < 2:
        raise refuse("reward.q_min_order", "swapped", "'as_printed' when there is one slice")
