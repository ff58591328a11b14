using System.CommandLine;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Options;

/// <summary>The options about the container's environment.</summary>
internal sealed class EnvironmentOptionSet
{
    private readonly Option<string[]> _include = Texts("--env-include", "GLOB", "Pass only these of the container's variables, also those left out by default (repeat)");
    private readonly Option<string[]> _exclude = Texts("--env-exclude", "GLOB", "Leave these of the container's variables out (repeat)");
    private readonly Option<string[]> _override = Texts("--env-override", "NAME=VALUE", "Set a variable, whatever the container has (repeat)");
    private readonly Option<string?> _file = new("--env-file") { HelpName = "FILE", Description = "Write what is passed to a file, as docker compose reads it" };
    private readonly Option<string?> _json = new("--env-json") { HelpName = "FILE", Description = "Write what is passed to a file, as a JSON object" };
    private readonly Option<bool> _none = new("--no-env") { Description = "Pass nothing of the container's environment" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_include, _exclude, _override, _file, _json, _none]) command.Options.Add(option);
    }

    /// <exception cref="CommandLineException">A value can't be understood, or two options contradict each other.</exception>
    public EnvironmentOptions Read(ParseResult line)
    {
        var options = new EnvironmentOptions(
            !line.GetValue(_none),
            new(Globs(line, _include), Globs(line, _exclude), [.. (line.GetValue(_override) ?? []).Select(Override)]),
            line.GetValue(_file),
            line.GetValue(_json));
        if (!options.IsPassed && options.Filter.Includes.Count + options.Filter.Excludes.Count > 0)
            throw new CommandLineException("options-contradict", "--no-env passes nothing that --env-include or --env-exclude could choose from.", "Leave out the one or the other.");
        if (options is { File: { } file, Json: { } json } && Path.GetFullPath(file) == Path.GetFullPath(json))
            throw new CommandLineException("options-contradict", $"--env-file and --env-json name the same file: '{file}'.", "Name two files.");
        return options;
    }

    private static NameGlob[] Globs(ParseResult line, Option<string[]> option) => [.. (line.GetValue(option) ?? []).Select(text => Glob(option.Name, text))];

    private static NameGlob Glob(string option, string text) => text.Length > 0 && !text.Contains('=', StringComparison.Ordinal)
        ? new(text)
        : throw OptionValues.Invalid(option, text, "matches no name", "Write a name, or a pattern with * and ?: DB_*. To set a variable: --env-override NAME=VALUE.");

    // The value may be a secret: of what is wrong only the name is shown.
    private static ContainerVariable Override(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new CommandLineException("option-value-invalid", "--env-override: the value has no NAME=.", "Write --env-override NAME=VALUE, with nothing behind the = for an empty value.");
        var name = text[..equals];
        return name.StartsWith("TELELAUNCH_", StringComparison.Ordinal)
            ? throw OptionValues.Invalid("--env-override", name, "is a variable of Telelaunch's own", "Use the option that is meant: telelaunch run --help lists them.")
            : ContainerVariable.OfText(name, text[(equals + 1)..]);
    }

    private static Option<string[]> Texts(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
}
