using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Tests.Resolver;

/// <summary>Every state in which a death between two steps can leave the three names.</summary>
public sealed class FrontFileTests : IDisposable
{
    private const string Ours = "nameserver 127.84.53.53\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("tl").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    // Journaled, or undone; ours written; exchanged.
    [InlineData("original", null, null, "original")]
    [InlineData("original", Ours, null, "original")]
    [InlineData(Ours, "original", null, "original")]
    // Somebody has replaced ours: nothing done yet; new ours written; theirs exchanged aside; theirs has become the original.
    [InlineData("theirs", "original", null, "theirs")]
    [InlineData("theirs", "original", Ours, "theirs")]
    [InlineData(Ours, "original", "theirs", "theirs")]
    [InlineData(Ours, "theirs", null, "theirs")]
    // Ours renewed: written, and exchanged with the older ours.
    [InlineData(Ours, "original", Ours, "original")]
    // Somebody has removed ours.
    [InlineData(null, "original", null, "original")]
    public void PutBack_LeavesTheNewestThatIsNotOurs(string? path, string? beside, string? next, string expected)
    {
        ReplacedFile file = Lay(path, beside, next, wasAbsent: false);

        Assert.Null(FrontFile.PutBack(file));
        Assert.Null(FrontFile.PutBack(file));

        Assert.Equal(expected, File.ReadAllText(file.Path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData(null, null, false)]
    [InlineData(null, Ours, false)]
    [InlineData(Ours, null, false)]
    [InlineData("theirs", null, true)]
    public void PutBack_OfWhatWasAbsent_LeavesNothingOfOurs(string? path, string? beside, bool remains)
    {
        ReplacedFile file = Lay(path, beside, null, wasAbsent: true);

        Assert.Null(FrontFile.PutBack(file));

        Assert.Equal(remains ? [file.Path] : [], Directory.GetFiles(_folder));
    }

    [Fact]
    public void PutBack_SaysWhereNothingIsLeftToPutBack()
    {
        ReplacedFile file = Lay(Ours, null, null, wasAbsent: false);

        Assert.Contains("write it anew", FrontFile.PutBack(file), StringComparison.Ordinal);
        Assert.Equal(Ours, File.ReadAllText(file.Path));
    }

    [Fact]
    public void ALinkIsTheOriginal_WhateverItLeadsTo()
    {
        ReplacedFile file = Lay(Ours, null, null, wasAbsent: false);
        File.CreateSymbolicLink(file.Beside, "nowhere");

        Assert.Null(FrontFile.PutBack(file));

        Assert.Equal("nowhere", new FileInfo(file.Path).LinkTarget);
    }

    [Fact]
    public void WhatIsStillBeingWrittenInPlace_IsWaitedFor()
    {
        string path = Path.Combine(_folder, "resolv.conf");
        File.WriteAllText(path, "original");
        using var journal = HostJournal.Open(new HostPaths(_folder), TimeProvider.System);
        var front = new FrontFile(path, journal);
        front.Place(Ours);

        using (var writer = new FileStream(path, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite))
        {
            writer.Write("half"u8);
            writer.Flush();
            Assert.False(front.Settle(_ => Ours));
            Assert.Equal("half", ReadAll(path));
            writer.Write(" and whole"u8);
        }

        Assert.True(front.Settle(_ => Ours));
        Assert.Equal(Ours, File.ReadAllText(path));
        Assert.Null(front.TakeOut());
        Assert.Equal("half and whole", File.ReadAllText(path));
    }

    [Fact]
    public void AnEditOfOurs_IsNoOriginal()
    {
        string path = Path.Combine(_folder, "resolv.conf");
        File.WriteAllText(path, "original");
        using var journal = HostJournal.Open(new HostPaths(_folder), TimeProvider.System);
        var front = new FrontFile(path, journal);
        front.Place(Ours);
        File.WriteAllText(path + ".edited", Ours + "options edns0\n");
        File.Move(path + ".edited", path, overwrite: true);

        Assert.True(front.Settle(_ => Ours));

        Assert.Null(front.TakeOut());
        Assert.Equal("original", File.ReadAllText(path));
    }

    // Every file system of this kernel can exchange; older ones, and some that are reached over a network, can't.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WithoutExchange_TheOriginalIsKeptBySecondName(bool isLink)
    {
        string path = Path.Combine(_folder, "resolv.conf");
        if (isLink) File.CreateSymbolicLink(path, "target");
        File.WriteAllText(path, "original");
        FileIdentity? before = FileIdentity.Of(path);
        using var journal = HostJournal.Open(new HostPaths(_folder), TimeProvider.System);
        var front = new FrontFile(path, journal, (_, _) => Errno.EINVAL);

        front.Place(Ours);
        Assert.Equal(Ours, File.ReadAllText(path));
        Assert.Equal(before, FileIdentity.Of(front.Original));
        Assert.False(front.Settle(_ => Ours));
        File.Delete(path);
        File.WriteAllText(path, "theirs");
        FileIdentity? theirs = FileIdentity.Of(path);
        Assert.True(front.Settle(_ => Ours));
        Assert.Equal(Ours, File.ReadAllText(path));

        Assert.Null(front.TakeOut());
        Assert.Equal(theirs, FileIdentity.Of(path));
        Assert.Equal(isLink ? [path, Path.Combine(_folder, "target")] : [path], Directory.GetFiles(_folder).Order());
    }

    [Theory]
    [InlineData(Errno.EPERM, "resolver-file-immutable")]
    [InlineData(Errno.EROFS, "resolver-file-not-replaced")]
    public void ARefusedExchange_LeavesNothing(int errno, string code)
    {
        string path = Path.Combine(_folder, "resolv.conf");
        File.WriteAllText(path, "original");
        using var journal = HostJournal.Open(new HostPaths(_folder), TimeProvider.System);

        Assert.Equal(code, Assert.Throws<HostException>(() => new FrontFile(path, journal, (_, _) => errno).Place(Ours)).Code);

        Assert.Equal("original", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    private ReplacedFile Lay(string? path, string? beside, string? next, bool wasAbsent)
    {
        string name = Path.Combine(_folder, "resolv.conf");
        var file = new ReplacedFile(name, name + "-beside", name + "-next", FileIdentity.OfTarget(_folder)!.Value, wasAbsent);
        foreach ((string at, string? text) in new[] { (file.Path, path), (file.Beside, beside), (file.Next, next) })
        {
            if (text is not null) File.WriteAllText(at, text);
        }
        return file;
    }

    private static string ReadAll(string path)
    {
        using var reader = new StreamReader(new FileStream(HostPath.OpenUnlocked(path), FileAccess.Read));
        return reader.ReadToEnd();
    }
}
