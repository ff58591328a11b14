using System.CommandLine;
using Telelaunch.Cli.Output;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Options;

/// <summary>The option about volumes: <c>--mount</c>.</summary>
internal sealed class VolumeOptionSet
{
    private const string Writable = ":rw";

    private readonly Option<string?> _mount = new("--mount")
    {
        HelpName = "true|false|PATH[:rw]",
        Description = "The pod's volumes: all, none, or all and below PATH too; otherwise ConfigMaps, Secrets and the service account's. :rw lets writable ones be written to",
    };

    public void AddTo(Command command) => command.Options.Add(_mount);

    /// <exception cref="CommandLineException">The value can't be understood.</exception>
    public VolumeOptions Read(ParseResult line)
    {
        var text = line.GetValue(_mount);
        if (text is null) return new(VolumeChoice.Small, false, null);
        var isWritable = text.EndsWith(Writable, StringComparison.Ordinal);
        var path = isWritable ? text[..^Writable.Length] : text;
        return path switch
        {
            "true" => new(VolumeChoice.All, isWritable, null),
            "false" when !isWritable => new(VolumeChoice.None, false, null),
            "" or "false" => throw OptionValues.Invalid("--mount", text, "names no folder", "Write true, false, or a folder; :rw behind it to write to volumes."),
            _ => new(VolumeChoice.All, isWritable, Path.GetFullPath(path)),
        };
    }
}
