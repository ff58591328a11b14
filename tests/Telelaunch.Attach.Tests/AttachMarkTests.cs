namespace Telelaunch.Attach.Tests;

public sealed class AttachMarkTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-mark-").FullName;

    [Fact]
    public void WhatWasWritten_IsRead()
    {
        new AttachMark(4711, 123456789012).Write(_folder);
        Assert.Equal(new AttachMark(4711, 123456789012), AttachMark.Read(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("12 x\n")]
    [InlineData("-12 7\n")]
    [InlineData("12 7 8\n")]
    public void AnythingElse_IsNone(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "attached"), text);
        Assert.Null(AttachMark.Read(_folder));
    }

    [Fact]
    public void SessionWithoutOne_HasNone()
    {
        Assert.Null(AttachMark.Read(_folder));
        Assert.Null(AttachMark.Read(Path.Combine(_folder, "gone")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
