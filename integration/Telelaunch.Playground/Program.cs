using Telelaunch.Net;
using Telelaunch.Playground.Commands;
using Telelaunch.Playground.Node;
using Telelaunch.Playground.Node.Network;

try
{
    var options = Options.Parse(args);
    if (await UserNamespace.ReexecAsync(args) is { } exitCode)
        return exitCode;
    return (options.Command, options.Arguments) switch
    {
        ("up", []) => await UpCommand.RunAsync(options, CancellationToken.None),
        ("down", []) => await DownCommand.RunAsync(options, CancellationToken.None),
        ("status", []) => StatusCommand.Run(options),
        ("daemon", [var pipe]) => await Daemon.RunAsync(options, pipe),
        ("link", [var process]) => await LinkCommand.RunAsync(options, process, CancellationToken.None),
        ("image", ["load", var file]) => await LoadImageAsync(options, file),
        _ => throw new FormatException($"unknown command {options.Command} {string.Join(' ', options.Arguments)}".TrimEnd()),
    };
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n{Options.Usage}");
    return 2;
}
catch (TelelaunchException e)
{
    Console.Error.WriteLine($"{e.Message}\n{e.Remedy}");
    return 1;
}

static async Task<int> LoadImageAsync(Options options, string file)
{
    options.State.Create();
    Console.WriteLine(await PlaygroundNode.LoadImageAsync(options.State.Path, Path.GetFullPath(file), CancellationToken.None));
    return 0;
}
