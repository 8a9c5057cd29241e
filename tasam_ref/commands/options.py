"""What several commands have in common: how they are declared, and how they are told a configuration."""

from contextlib import suppress

from ..errors import UsageError

EPILOG = "Exit codes: 0 done; 1 the run failed or was interrupted; 2 what was asked for was refused."


def add_command(commands, name, run, summary, description):
    """Declare a command that ``run(options)`` carries out, returning the exit code.  Returns its parser."""
    parser = commands.add_parser(name, help=summary, description=description, epilog=EPILOG)
    parser.set_defaults(run=run)
    return parser


def add_config_options(parser, default="quick"):
    """Let a command be told a configuration: --preset, --set and --scenario."""
    parser.add_argument("--preset", default=default, metavar="P",
                        help="quick (minutes), paper (Table 1 and Algorithm 1 literally) or paper_utd1 (one gradient "
                             f"step per frame); default: {default or 'quick'}")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="SECTION.FIELD=VALUE",
                        help="change one field of the configuration, e.g. --set agent.gamma=0.9; repeatable")
    parser.add_argument("--scenario", action="append", default=[], dest="scenarios", metavar="NAME",
                        help="settings of one of the paper's experiments, before those of --set; repeatable; see "
                             "'tasam-ref scenarios'")


def read_config(options):
    """The configuration that the options ask for where no method is named."""
    from ..config_io import apply_settings, load_preset
    from ..scenarios import scenario_settings

    settings = [setting for _, setting in scenario_settings(options.scenarios)]
    return apply_settings(load_preset(options.preset), settings + options.settings)


def refuse_seed(settings, why):
    """Raise UsageError where a setting is that of the seed, which the command is told otherwise."""
    from ..config_io import split_setting

    for setting in settings:
        if split_setting(setting)[:2] == ("run", "seed"):
            raise UsageError(f"--set {setting}: {why}")


def say(line):
    """Say how a long work goes on; it goes on even where nobody listens any more."""
    with suppress(BrokenPipeError):
        print(line, flush=True)
