using System.Text;
using Telelaunch.Net;
using Telelaunch.Targets;
using Telelaunch.Targets.Dotnet;
using Telelaunch.Targets.Weaving;

namespace Telelaunch.Cli.Launch;

/// <summary><c>--weave</c>: a command whose .NET application is to be started from a copy that runs the startup hook by itself.</summary>
internal sealed class WovenCommand
{
    private const string Folder = "woven";
    private readonly PreparedCommand _command;
    private readonly DotnetProgram _program;

    private WovenCommand(PreparedCommand command, DotnetProgram program) => (_command, _program) = (command, program);

    /// <summary>Sees that it can be woven, before anything is made in the cluster.</summary>
    /// <exception cref="UsageException">It can't.</exception>
    public static WovenCommand Check(PreparedCommand command, IReadOnlyList<string> words)
    {
        var place = DotnetPlace.OfThisProcess();
        var program = DotnetProgram.Inspect(TargetProgram.Inspect(command.Path, place.Variable("PATH")), words, place)
            ?? throw new UsageException("weave-not-dotnet", $"'{words[0]}' is no .NET program: there is nothing to weave.", "Start it without --weave.");
        ShadowFolder.Check(program);
        return new(command, program);
    }

    /// <summary>Makes the copy.</summary>
    /// <param name="directory">The session's: the copy goes with it.</param>
    /// <exception cref="TelelaunchException">It can't be woven after all, or there is no room for it.</exception>
    public PreparedCommand Weave(string directory)
    {
        var woven = ShadowFolder.Weave(_program, Path.Combine(directory, Folder));
        string[] warnings = [.. _command.Warnings, $"a woven copy of the application is started: its AppContext.BaseDirectory is {Path.GetDirectoryName(woven)}"];
        if (_program.Kind != DotnetKind.Muxer) return _command with { Path = woven, Warnings = warnings };
        var arguments = _command.Arguments.ToList();
        var at = arguments.FindIndex(1, word => Path.Combine(Environment.CurrentDirectory, Encoding.UTF8.GetString(word)) == _program.Assembly);
        arguments[at] = Encoding.UTF8.GetBytes(woven);
        return _command with { Arguments = arguments, Warnings = warnings };
    }
}
